import { setTimeout as delay } from 'node:timers/promises';
import { type Ground, inSession } from '../ground.ts';
import type { Random } from '../random.ts';
import type { FaultLog } from './fault-log.ts';

/** What is done to Postgres and Redis. */
export class ServiceFaults {
  private readonly ground: Ground;
  private readonly log: FaultLog;
  private readonly random: Random;
  /** One at a time: what is stopped has to be there. */
  private postgres: Promise<unknown> = Promise.resolve();
  private redis: Promise<unknown> = Promise.resolve();

  constructor(ground: Ground, log: FaultLog, random: Random) {
    this.ground = ground;
    this.log = log;
    this.random = random;
  }

  /** Stops Postgres at once, by an immediate shutdown or by killing it, and starts it again. */
  stopPostgres(): Promise<unknown> {
    return (this.postgres = this.postgres.then(async () => {
      const { postgres } = this.ground;
      const at = Date.now();
      await postgres.stop(this.random.chance(0.5) ? 'SIGQUIT' : 'SIGKILL');
      await delay(this.random.between(0, 1_000));
      await postgres.start();
      this.log.add({ kind: 'postgres-stop', at, until: Date.now() });
    }));
  }

  /** It comes back empty. */
  killRedis(): Promise<unknown> {
    return (this.redis = this.redis.then(async () => {
      const { redis } = this.ground;
      const at = Date.now();
      await redis.stop('SIGKILL');
      await delay(this.random.between(0, 1_500));
      await redis.start();
      this.log.add({ kind: 'redis-kill', at, until: Date.now() });
    }));
  }

  flushRedis(): Promise<unknown> {
    return (this.redis = this.redis.then(async () => {
      const at = Date.now();
      await this.ground.redis.command('flushall');
      this.log.add({ kind: 'redis-flush', at, until: Date.now() });
    }));
  }

  /** Cuts the session that holds the liveness lock of one of these workers, as soon as one of them has it; false when none does. */
  async cutLock(slots: readonly string[], patienceMs = 60_000): Promise<boolean> {
    for (const end = Date.now() + patienceMs; Date.now() < end;) {
      const at = Date.now();
      const cut = await inSession(this.ground.postgres.url, (client) =>
        client.query<{ slot: string }>(terminate, [slots]),
      ).catch(() => null);
      const [session] = cut?.rows ?? [];
      // Postgres has been told, and does it within moments.
      if (session) {
        this.log.add({ kind: 'cut-lock', slot: session.slot, at, until: Date.now() + 100 });
        return true;
      }
      await delay(100);
    }
    return false;
  }
}

const terminate = `
  select slot, pg_terminate_backend(pid) from (
    select pid, usename as slot from pg_stat_activity
    where application_name = 'tocsin delivery lock' and usename = any($1) order by random() limit 1) as one`;
