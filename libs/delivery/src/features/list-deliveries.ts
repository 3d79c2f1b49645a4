import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database, fragment } from '#platform/persistence';
import { type DeliveryView, ListDeliveries } from '../contracts/index.ts';
import { readDeliveries } from './delivery-view.ts';

@QueryHandler(ListDeliveries)
export class ListDeliveriesHandler implements IQueryHandler<ListDeliveries> {
  constructor(private readonly database: Database) {}

  async execute({ notificationId, page, perPage }: ListDeliveries): Promise<{
    items: DeliveryView[];
    total: number;
  }> {
    const where = fragment`where notification_id = ${notificationId}`;
    const { total } = await this.database.one<{ total: number }>`
      select count(*) as total from delivery.deliveries ${where}`;
    const newest = fragment`order by created_at desc, id desc limit ${perPage} offset ${(page - 1) * perPage}`;
    return { items: await readDeliveries(this.database, fragment`${where} ${newest}`), total };
  }
}
