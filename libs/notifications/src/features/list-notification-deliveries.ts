import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { type DeliveryView, ListDeliveries } from '#libs/delivery/contracts';
import type { Principal } from '#platform/http';
import { FindNotification } from './find-notification.ts';

interface Found {
  readonly items: DeliveryView[];
  readonly total: number;
}

/** A page of the deliveries of a notification, newest first, for whoever may see the notification. */
export class ListNotificationDeliveries extends Query<Found> {
  constructor(
    readonly principal: Principal,
    readonly id: string,
    readonly page: number,
    readonly perPage: number,
  ) {
    super();
  }
}

@QueryHandler(ListNotificationDeliveries)
export class ListNotificationDeliveriesHandler implements IQueryHandler<ListNotificationDeliveries> {
  constructor(private readonly queries: QueryBus) {}

  async execute({ principal, id, page, perPage }: ListNotificationDeliveries): Promise<Found> {
    await this.queries.execute(new FindNotification(principal, id));
    return this.queries.execute(new ListDeliveries(id, page, perPage));
  }
}
