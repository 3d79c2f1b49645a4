import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Database, fragment } from '#platform/persistence';
import { type DeliveryState, deliveryStates, type DeliveryView } from '../contracts/index.ts';
import { readDeliveries } from './delivery-view.ts';

/** What to look for; whatever is absent does not narrow the search. */
export interface DeliveryFilter {
  readonly statuses?: readonly DeliveryState[] | undefined;
  /** The whole address, in any case. */
  readonly to?: string | undefined;
  readonly from?: Date | undefined;
  /** Exclusive. */
  readonly until?: Date | undefined;
}

/** So many deliveries, the newest ones, are counted and paged through; older ones are found by a narrower time. */
export const searchDepth = 10_000;

type Fragment = ReturnType<typeof fragment>;

interface Found {
  readonly items: DeliveryView[];
  readonly total: number;
  readonly totalExact: boolean;
}

/** A page of everybody's deliveries, newest first, for operators. */
export class SearchDeliveries extends Query<Found> {
  constructor(
    readonly filter: DeliveryFilter,
    readonly page: number,
    readonly perPage: number,
  ) {
    super();
  }
}

@QueryHandler(SearchDeliveries)
export class SearchDeliveriesHandler implements IQueryHandler<SearchDeliveries> {
  constructor(private readonly database: Database) {}

  async execute({ filter, page, perPage }: SearchDeliveries): Promise<Found> {
    const [{ total }, items] = await Promise.all([
      this.database.one<{ total: number }>`
        select count(*) as total from (${newest(filter, searchDepth + 1)} limit ${searchDepth + 1}) as found`,
      this.page(filter, page, perPage),
    ]);
    return { items, total: Math.min(total, searchDepth), totalExact: total <= searchDepth };
  }

  private page(filter: DeliveryFilter, page: number, perPage: number): Promise<DeliveryView[]> {
    const wanted = fragment`
      ${newest(filter, page * perPage)} order by created_at desc, id desc
      limit ${perPage} offset ${(page - 1) * perPage}`;
    return readDeliveries(
      this.database,
      fragment`where id in (select id from (${wanted}) as wanted) order by created_at desc, id desc`,
    );
  }
}

/** States whose rows are in one index, by the words of its condition. */
const indexed: readonly { readonly states: readonly DeliveryState[]; readonly condition: Fragment }[] = [
  {
    states: ['sent', 'failed', 'cancelled', 'suppressed', 'unknown'],
    condition: fragment`status in ('sent', 'failed', 'cancelled', 'suppressed', 'unknown')`,
  },
  { states: ['pending', 'retrying'], condition: fragment`status in ('pending', 'retrying')` },
  { states: ['sending'], condition: fragment`status = 'sending'` },
];

/**
 * The newest so many of each state, each read from the end of its index. The address comes as a row: knowing that it
 * is a frequent one, Postgres would rather look for it among all deliveries of a state.
 */
function newest({ statuses = deliveryStates, to, from, until }: DeliveryFilter, depth: number): Fragment {
  const newestOf = (states: readonly DeliveryState[], condition: Fragment) => fragment`
    select found.id, found.created_at
    from unnest(${states}::text[]) as wanted(status)
    ${to === undefined ? fragment`` : fragment`cross join unnest(array[lower(${to})]) as asked(address)`}
    cross join lateral (
      select id, created_at from delivery.deliveries
      where ${condition} and status = wanted.status
        ${to === undefined ? fragment`` : fragment`and lower(recipient) = asked.address`}
        ${from === undefined ? fragment`` : fragment`and created_at >= ${from}`}
        ${until === undefined ? fragment`` : fragment`and created_at < ${until}`}
      order by created_at desc, id desc limit ${depth}) as found`;
  const parts = indexed
    .map(({ states, condition }) => ({ states: states.filter((one) => statuses.includes(one)), condition }))
    .filter(({ states }) => states.length > 0);
  return fragment.join(
    parts.map(({ states, condition }) => newestOf(states, condition)),
    fragment` union all `,
  );
}
