import { Injectable } from '@nestjs/common';
import { OwnerCache } from '#platform/cache';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { AlertsTriggered, type FiredAlert } from '../contracts/index.ts';
import type { ReferenceTick } from '../domain/alert.ts';
import type { ReceiptTick } from '../domain/receipt.ts';
import { alertList } from '../features/list-alerts.ts';
import { recordHistory } from '../features/record-history.ts';
import type { Decisions } from './symbol-engine.ts';
import type { Firing } from './watched-alert.ts';

/** The most alerts one event names (design, section 2). */
const alertsPerEvent = 1000;

/**
 * Makes decisions durable: the compare-and-set of the alerts, their receipts and the event in one transaction,
 * whatever their number. Two engines may decide the same; the version and `evaluated_through` let one of them win.
 */
@Injectable()
export class CommitDecisions {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly lists: OwnerCache,
  ) {}

  /** Returns the firings that lost: the alert was changed meanwhile, or another engine was first. */
  async commit({ firings, anchorings }: Decisions): Promise<Firing[]> {
    return this.database.transaction(async () => {
      const anchors = anchorings.map(({ alert, direction, reference: { id: tick, source, price, at } }) => ({
        id: alert.id,
        target: alert.condition.value,
        direction,
        tick,
        source,
        price,
        at,
      }));
      if (anchors.length > 0) {
        // Ordered as in `fire`, and as the deletion of an account locks them.
        const anchored = await this.database.sql<{ userId: string }>`
          with locked as (
            select alert.id, anchor.direction, anchor.source, anchor.tick, anchor.price, anchor.at
            from json_to_recordset(${JSON.stringify(anchors)}::json) as anchor
              (id uuid, target numeric, direction text, source text, tick bigint, price numeric, at timestamptz)
            join alerts.alerts as alert using (id)
            where alert.status = 'active' and alert.target = anchor.target
              and alert.reference_source is distinct from anchor.source
            order by alert.id for update of alert)
          update alerts.alerts as alert set
            direction = locked.direction, reference_source = locked.source, reference_trade_id = locked.tick,
            reference_price = locked.price, reference_at = locked.at, evaluated_through = locked.tick
          from locked where alert.id = locked.id
          returning alert.user_id as "userId"`;
        await this.tellOwners(anchored);
      }
      return firings.length > 0 ? this.fire(firings) : [];
    });
  }

  private async fire(firings: readonly Firing[]): Promise<Firing[]> {
    const rows = firings.map(({ alert, tick }) => ({
      id: alert.id,
      version: alert.version,
      tick: tick.id,
      price: tick.price,
      at: tick.at,
    }));
    // Ordered: two engines that fire the same alerts would otherwise lock them crosswise.
    const fired = await this.database.sql<{ id: string; userId: string; note: string | null }>`
      with locked as (
        select alert.id, firing.tick, firing.price, firing.at
        from json_to_recordset(${JSON.stringify(rows)}::json)
          as firing(id uuid, version integer, tick bigint, price numeric, at timestamptz)
        join alerts.alerts as alert using (id)
        where alert.version = firing.version and alert.status = 'active'
          and coalesce(alert.evaluated_through, 0) < firing.tick
        order by alert.id for update of alert)
      update alerts.alerts as alert set
        status = 'triggered', triggered_at = locked.at, triggered_price = locked.price,
        trigger_count = trigger_count + 1, evaluated_through = locked.tick, version = version + 1
      from locked where alert.id = locked.id
      returning alert.id, alert.user_id as "userId", alert.note`;
    const byId = new Map(fired.map((row) => [row.id, row]));
    const won = firings.filter(({ alert }) => byId.has(alert.id));
    if (won.length > 0) {
      await this.tellOwners(fired);
      await recordHistory(this.database, won.map(historyOf));
      const facts = won.map((firing) => factOf(firing, byId.get(firing.alert.id)));
      const events: AlertsTriggered[] = [];
      for (let at = 0; at < facts.length; at += alertsPerEvent) {
        events.push(new AlertsTriggered({ alerts: facts.slice(at, at + alertsPerEvent) }));
      }
      await this.outbox.append(events);
    }
    return firings.filter(({ alert }) => !byId.has(alert.id));
  }

  /** Ticks do not wait for it: of a firing the relay tells once more, and a cached list does not live long. */
  private tellOwners(owners: readonly { userId: string }[]): Promise<void> {
    const userIds = owners.map(({ userId }) => userId);
    return this.database.afterCommit(async () => void this.lists.changed(alertList, userIds));
  }
}

function historyOf({ alert, tick, previous, decidedAt }: Firing) {
  return {
    alertId: alert.id,
    type: 'triggered' as const,
    at: tick.at,
    actor: 'engine' as const,
    receipt: {
      previous: previous && receiptTick(previous),
      crossing: receiptTick(tick),
      condition: alert.condition,
      alertVersion: alert.version,
      origin: tick.origin,
      timeline: { receivedAt: tick.receivedAt, decidedAt },
    },
  };
}

const receiptTick = ({ source, id, price, at }: ReferenceTick): ReceiptTick => ({
  source,
  tradeId: id,
  price,
  at,
});

function factOf(
  { alert, tick }: Firing,
  row: { userId: string; note: string | null } | undefined,
): FiredAlert {
  return {
    alertId: alert.id,
    userId: row?.userId ?? '',
    symbol: alert.symbol,
    target: alert.condition.value,
    direction: alert.direction ?? 'up',
    price: tick.price,
    tradeId: tick.id,
    tradedAt: tick.at.toISOString(),
    note: row?.note ?? null,
  };
}
