import { Injectable } from '@nestjs/common';
import { Database, fragment } from '#platform/persistence';

/** How many messages wait for a provider. */
export interface Demand {
  readonly urgent: number;
  readonly bulk: number;
}

/** How many of them may go now, and in how many milliseconds another one might; null without such. */
export interface Portion extends Demand {
  readonly nextMs: number | null;
}

/** What all workers know of a provider. */
export interface ProviderState {
  readonly name: string;
  /** For how long it takes nothing. */
  readonly pausedMs: number;
  /** Pauses without an acceptance in between. */
  readonly pauses: number;
}

const firstPauseSeconds = 5;
const longestPauseSeconds = 300;

/**
 * What workers share of a provider: how many messages a second it takes from all of them together, and until when
 * it takes none. Times are those of the database alone.
 */
@Injectable()
export class SharedLimits {
  constructor(private readonly database: Database) {}

  /** Makes providers known; everything else here is about known ones. */
  async know(names: readonly string[]): Promise<void> {
    await this.database.sql`
      insert into delivery.providers (name) select unnest(${names}::text[]) on conflict do nothing`;
  }

  /**
   * Takes as many messages as may go now from a bucket that `rate` tokens a second flow into. It holds those of one
   * second, and at least two; bulk leaves half of it alone, so that what is urgent finds one, whichever worker it
   * comes to, and has the whole rate for itself for as long as there is more of it than that. `returned` are of an
   * earlier portion and were not used.
   */
  async take(provider: string, rate: number, demand: Demand, returned: number): Promise<Portion> {
    const capacity = Math.max(2, rate);
    const reserve = capacity / 2;
    // Of the row as it is once it is locked: another worker's portion may have been waited for.
    const portion = await this.database.one<Demand & { tokens: number }>`
      update delivery.providers as provider
      set tokens = portion.level - portion.urgent - portion.bulk, refilled_at = portion.now
      from (
        select name, now, level, urgent,
          least(${demand.bulk}::integer, greatest(0, floor(level - urgent - ${reserve}::double precision))) as bulk
        from (
          select name, now, level, least(${demand.urgent}::integer, floor(level)) as urgent
          from (
            select name, now, least(${capacity}::double precision, ${returned}::integer
              + coalesce(tokens + ${rate}::double precision * greatest(0, extract(epoch from now - refilled_at)),
                ${capacity}::double precision)) as level
            from (
              select name, tokens, refilled_at, clock_timestamp() as now
              from delivery.providers where name = ${provider} for update) as locked) as filled) as served) as portion
      where provider.name = portion.name
      returning portion.urgent, portion.bulk, provider.tokens`;
    const { urgent, bulk, tokens } = portion;
    const lacking = demand.urgent > urgent ? 1 : demand.bulk > bulk ? reserve + 1 : 0;
    return { urgent, bulk, nextMs: lacking ? Math.max(0, ((lacking - tokens) / rate) * 1000) : null };
  }

  /**
   * Lets nobody hand anything to a provider for a while, which doubles each time that nothing was accepted in
   * between. What is answered while it is paused already belongs to that pause; and a delivery that meets with one
   * pause after the other does not make them longer: it may be the only one that is unwelcome. Returns whether the
   * pause is a new one.
   */
  async pause(provider: string, deliveryId: string, reason: string | null): Promise<boolean> {
    const pauses = fragment`(pauses + case when paused_by = ${deliveryId} then 0 else 1 end)`;
    const begun = await this.database.sql`
      update delivery.providers set
        pauses = ${pauses}, paused_by = ${deliveryId}, reason = ${reason},
        paused_until = now() + interval '1 second' * (0.8 + 0.2 * random())
          * least(${longestPauseSeconds}, ${firstPauseSeconds} * 2 ^ (least(${pauses}, 10) - 1))
      where name = ${provider} and (paused_until is null or paused_until <= now())
      returning name`;
    return begun.length > 0;
  }

  /** The provider accepts again: the next pause is a first one. */
  async recover(provider: string): Promise<void> {
    await this.database.sql`
      update delivery.providers set pauses = 0, paused_by = null
      where name = ${provider} and pauses > 0 and paused_until <= now()`;
  }

  /** Of each known provider. */
  states(): Promise<ProviderState[]> {
    return this.database.sql<ProviderState>`
      select name, pauses, coalesce(greatest(0, extract(epoch from paused_until - now()) * 1000), 0)::float8 as "pausedMs"
      from delivery.providers`;
  }
}
