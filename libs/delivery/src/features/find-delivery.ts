import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Database, fragment } from '#platform/persistence';
import type { DeliveryView } from '../contracts/index.ts';
import { deliveryNotFound } from '../domain/delivery.errors.ts';
import { readDeliveries } from './delivery-view.ts';

/**
 * One delivery of anybody, for operators.
 * @throws DomainError delivery.not-found
 */
export class FindDelivery extends Query<DeliveryView> {
  constructor(readonly id: string) {
    super();
  }
}

@QueryHandler(FindDelivery)
export class FindDeliveryHandler implements IQueryHandler<FindDelivery> {
  constructor(private readonly database: Database) {}

  async execute({ id }: FindDelivery): Promise<DeliveryView> {
    const [delivery] = await readDeliveries(this.database, fragment`where id = ${id}`);
    if (!delivery) throw deliveryNotFound();
    return delivery;
  }
}
