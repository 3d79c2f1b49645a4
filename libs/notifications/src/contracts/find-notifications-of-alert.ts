import { Query } from '@nestjs/cqrs';

/** The notifications that tell of an alert, oldest first, each with the trade it tells of. */
export class FindNotificationsOfAlert extends Query<{ notificationId: string; tradeId: number }[]> {
  constructor(readonly alertId: string) {
    super();
  }
}
