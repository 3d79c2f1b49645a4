import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import {
  type DeliveryCounts,
  type DeliveryState,
  deliveryStates,
  FindSourceState,
  type SourceState,
} from '../contracts/index.ts';

@QueryHandler(FindSourceState)
export class FindSourceStateHandler implements IQueryHandler<FindSourceState> {
  constructor(private readonly database: Database) {}

  async execute({ source: { type, id } }: FindSourceState): Promise<SourceState> {
    const counted = await this.database.sql<{
      status: DeliveryState;
      count: number;
      retried: number;
      last: Date | null;
    }>`
      select delivery.status, max(delivery.settled_at) as last,
        count(*) filter (where delivery.retried_by is null) as count,
        count(*) filter (where delivery.retried_by is not null) as retried
      from delivery.deliveries as delivery
      join delivery.delivery_sources as link on link.delivery_id = delivery.id
      where link.source_type = ${type} and link.source_id = ${id}
      group by delivery.status`;
    const inFlight = await this.database.sql<{ id: string }>`
      select attempt.id
      from delivery.deliveries as delivery
      join delivery.delivery_sources as link on link.delivery_id = delivery.id
      join delivery.attempts as attempt
        on attempt.delivery_id = delivery.id and attempt.number = delivery.claim_token
      where link.source_type = ${type} and link.source_id = ${id} and delivery.status = 'sending'
      order by attempt.id`;
    const of = (state: DeliveryState) => counted.find(({ status }) => status === state);
    return {
      counts: Object.fromEntries(
        deliveryStates.map((state) => [state, of(state)?.count ?? 0]),
      ) as DeliveryCounts & Record<DeliveryState, number>,
      retriedUnknown: of('unknown')?.retried ?? 0,
      inFlight: inFlight.map((attempt) => attempt.id),
      lastSentAt: of('sent')?.last ?? null,
    };
  }
}
