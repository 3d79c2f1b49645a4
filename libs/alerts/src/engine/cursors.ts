import { Injectable } from '@nestjs/common';
import { Metrics } from '#platform/metrics';
import { Database } from '#platform/persistence';
import type { ReferenceTick } from '../domain/alert.ts';
import type { WatchedAlert } from './watched-alert.ts';

/**
 * How far a symbol is evaluated: every alert last changed before `loadedThrough` was compared with every tick
 * up to `tick`. The two belong together and are replaced together.
 */
export interface SymbolCursor {
  readonly symbol: string;
  readonly tick: ReferenceTick;
  readonly loadedThrough: bigint;
}

/** What the last process compared before it ended need not be compared again. */
export function resume(alert: WatchedAlert, cursor: SymbolCursor | undefined): WatchedAlert {
  if (!cursor || alert.source !== cursor.tick.source || alert.changedIn >= cursor.loadedThrough) return alert;
  return { ...alert, evaluatedThrough: Math.max(alert.evaluatedThrough, cursor.tick.id) };
}

/** The cursors in the database, and how far this process has come since it wrote them. */
@Injectable()
export class Cursors {
  private readonly reached = new Map<string, ReferenceTick>();
  private readonly written = new Map<string, ReferenceTick>();

  constructor(
    private readonly database: Database,
    metrics: Metrics,
  ) {
    metrics.gauge(
      'tocsin_evaluation_cursor_lag_seconds',
      'Time of trades between the cursor as it is written and the last one compared: what a restart would compare again.',
      ['symbol'],
      () => [...this.reached].map(([symbol, tick]) => [{ symbol }, this.lagOf(symbol, tick)]),
    );
  }

  /** Says that everything up to this tick is compared, and what it decided committed. */
  reach(symbol: string, tick: ReferenceTick): void {
    this.reached.set(symbol, tick);
  }

  /** Writes the cursors that have moved; `behind` are alerts that were taken in and still miss ticks. */
  async checkpoint(loadedThrough: bigint, behind: readonly WatchedAlert[]): Promise<void> {
    // Of each symbol its own: one that cannot catch up costs the others nothing at the next start.
    const lowest = (of: string) =>
      behind
        .filter(({ symbol }) => symbol === of)
        .reduce((low, { changedIn }) => (changedIn < low ? changedIn : low), loadedThrough);
    const moved = [...this.reached].filter(([symbol, { id }]) => this.written.get(symbol)?.id !== id);
    await this.write(moved.map(([symbol, tick]) => ({ symbol, tick, loadedThrough: lowest(symbol) })));
    for (const [symbol, tick] of moved) this.written.set(symbol, tick);
  }

  /** One a symbol: after a change of source there are two, and the later one is the symbol's. */
  async read(): Promise<SymbolCursor[]> {
    const rows = await this.database.sql<ReferenceTick & { symbol: string; loadedThrough: string }>`
      select distinct on (symbol) symbol, source, tick_id as id, trim_scale(price)::text as price, at,
        loaded_through::text as "loadedThrough"
      from alerts.cursors order by symbol, at desc`;
    return rows.map(({ symbol, loadedThrough, ...tick }) => ({
      symbol,
      tick,
      loadedThrough: BigInt(loadedThrough),
    }));
  }

  /** Moves cursors forward, never back: two engines on one symbol both write theirs. */
  private async write(cursors: readonly SymbolCursor[]): Promise<void> {
    if (cursors.length === 0) return;
    const rows = cursors.map(({ symbol, tick: { source, id, price, at }, loadedThrough }) => ({
      symbol,
      source,
      tick_id: id,
      price,
      at,
      loaded_through: String(loadedThrough),
    }));
    await this.database.sql`
      insert into alerts.cursors as cursor (symbol, source, tick_id, price, at, loaded_through)
      select symbol, source, tick_id, price, at, loaded_through::xid8
      from json_to_recordset(${JSON.stringify(rows)}::json) as row
        (symbol text, source text, tick_id bigint, price numeric, at timestamptz, loaded_through text)
      order by symbol, source
      on conflict (symbol, source) do update set
        tick_id = excluded.tick_id, price = excluded.price, at = excluded.at, loaded_through = excluded.loaded_through
      where excluded.tick_id > cursor.tick_id`;
  }

  private lagOf(symbol: string, { at }: ReferenceTick): number {
    const written = this.written.get(symbol);
    return written ? Math.max(0, at.getTime() - written.at.getTime()) / 1000 : 0;
  }
}
