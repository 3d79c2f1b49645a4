import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { FindInstrument } from '#libs/market-data/contracts';
import { Database, fragment } from '#platform/persistence';
import { unknownSymbol } from '../domain/alert.errors.ts';
import type { AlertStatus } from '../domain/alert.ts';
import { alertColumns, type AlertView } from './alert-view.ts';

/** What the cache calls this list; whoever changes an alert tells it whose list has changed. */
export const alertList = 'alerts';

export interface AlertFilter {
  readonly statuses?: readonly AlertStatus[] | undefined;
  /** Symbols or aliases, in any case. */
  readonly symbols?: readonly string[] | undefined;
}

/**
 * A page of a person's alerts, newest first, and how many there are in all.
 * @throws DomainError alerts.unknown-symbol
 */
export class ListAlerts extends Query<{ items: AlertView[]; total: number }> {
  constructor(
    readonly userId: string,
    readonly filter: AlertFilter,
    readonly page: number,
    readonly perPage: number,
  ) {
    super();
  }
}

@QueryHandler(ListAlerts)
export class ListAlertsHandler implements IQueryHandler<ListAlerts> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
  ) {}

  async execute({
    userId,
    filter,
    page,
    perPage,
  }: ListAlerts): Promise<{ items: AlertView[]; total: number }> {
    const symbols =
      filter.symbols && (await Promise.all(filter.symbols.map((symbol) => this.canonical(symbol))));
    const where = fragment`
      user_id = ${userId}
      ${filter.statuses ? fragment`and status = any(${filter.statuses})` : fragment``}
      ${symbols ? fragment`and symbol = any(${symbols})` : fragment``}`;
    const [{ total }, items] = await Promise.all([
      this.database.one<{ total: number }>`select count(*) as total from alerts.alerts where ${where}`,
      this.database.sql<AlertView>`
        select ${alertColumns} from alerts.alerts where ${where}
        order by id desc limit ${perPage} offset ${(page - 1) * perPage}`,
    ]);
    return { items, total };
  }

  private async canonical(symbol: string): Promise<string> {
    const instrument = await this.queries.execute(new FindInstrument(symbol));
    if (!instrument) throw unknownSymbol(symbol, { parameter: 'symbol' });
    return instrument.symbol;
  }
}
