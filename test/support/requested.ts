import { DeliveriesRequested } from '#libs/notifications/contracts';

/** The request of so many deliveries of one notification, as the context of notifications states it. */
export const requested = (
  notificationId: string,
  recipients: number,
  alertIds: readonly string[] = [],
  accountId?: string,
) =>
  new DeliveriesRequested({
    deliveries: [
      {
        notificationId,
        alertIds: [...alertIds],
        ...(accountId !== undefined && { accountId }),
        subject: 'BTC-USD reached 33000',
        text: 'It crossed.',
        html: '<p>It crossed.</p>',
        recipients: Array.from({ length: recipients }, (_, index) => ({
          channel: 'email' as const,
          to: `person${index}@example.org`,
        })),
      },
    ],
  });
