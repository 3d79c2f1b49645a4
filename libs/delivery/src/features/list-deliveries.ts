import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { type Attempt, type DeliveryView, ListDeliveries } from '../contracts/index.ts';

@QueryHandler(ListDeliveries)
export class ListDeliveriesHandler implements IQueryHandler<ListDeliveries> {
  constructor(private readonly database: Database) {}

  async execute({ notificationId, page, perPage }: ListDeliveries): Promise<{
    items: DeliveryView[];
    total: number;
  }> {
    const { total } = await this.database.one<{ total: number }>`
      select count(*) as total from delivery.deliveries where notification_id = ${notificationId}`;
    const deliveries = await this.database.sql<Omit<DeliveryView, 'attempts'>>`
      select id, channel, recipient as "to", status, reason, created_at as "createdAt", settled_at as "settledAt"
      from delivery.deliveries where notification_id = ${notificationId}
      order by created_at desc, id desc limit ${perPage} offset ${(page - 1) * perPage}`;
    const attempts = await this.database.sql<Attempt & { deliveryId: string }>`
      select delivery_id as "deliveryId", id, number, outcome, provider, code, response,
        message_id as "messageId", claimed_at as "claimedAt", handed_over_at as "handedOverAt",
        settled_at as "settledAt",
        round(extract(epoch from settled_at - handed_over_at) * 1000)::integer as "durationMs"
      from delivery.attempts where delivery_id = any(${deliveries.map(({ id }) => id)}::uuid[])
      order by number`;
    const attemptsOf = (id: string) =>
      attempts
        .filter((attempt) => attempt.deliveryId === id)
        .map(({ deliveryId: _of, ...attempt }) => attempt);
    return {
      total,
      items: deliveries.map((delivery) => ({ ...delivery, attempts: attemptsOf(delivery.id) })),
    };
  }
}
