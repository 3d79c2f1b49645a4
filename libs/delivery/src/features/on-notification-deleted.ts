import { NotificationDeleted } from '#libs/notifications/contracts';
import { type Reaction, ReactsWithin } from '#platform/messaging';
import { StopSource } from './stop-source.ts';

/** A deleted notification sends nothing any more. */
@ReactsWithin(NotificationDeleted)
export class OnNotificationDeleted implements Reaction<NotificationDeleted> {
  constructor(private readonly sources: StopSource) {}

  react({ payload }: NotificationDeleted): Promise<void> {
    return this.sources.stop({ type: 'notification', id: payload.notificationId });
  }
}
