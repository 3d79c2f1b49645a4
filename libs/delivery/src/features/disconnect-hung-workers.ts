import { Injectable, Logger } from '@nestjs/common';
import { Database } from '#platform/persistence';
import { livenessClass } from './liveness.ts';

/** A worker's session says something every ten seconds (`jobs/lock-session.ts`). */
const silentSeconds = 60;

/**
 * Disconnects workers that hold claims and hang while they are connected, as one that is stopped or loops does: they
 * would keep their lock, and what they hold would wait for ever. Only Postgres then drops the lock, so a worker that
 * comes to after all finds its session gone, and goes on under a new id.
 */
@Injectable()
export class DisconnectHungWorkers {
  private readonly logger = new Logger(DisconnectHungWorkers.name);

  constructor(private readonly database: Database) {}

  /** Returns how many workers it disconnected that have said nothing for so many seconds. */
  async disconnect(silentFor = silentSeconds): Promise<number> {
    const hung = await this.database.sql<{ workerId: number }>`
      select held.objid::integer as "workerId", pg_terminate_backend(session.pid)
      from pg_locks as held join pg_stat_activity as session on session.pid = held.pid
      where held.locktype = 'advisory' and held.classid = ${livenessClass}::oid and held.objsubid = 2 and held.granted
        and held.database = (select oid from pg_database where datname = current_database())
        and session.state_change < now() - ${silentFor} * interval '1 second'
        and exists (
          select from delivery.deliveries where status = 'sending' and worker_id = held.objid::integer)`;
    for (const { workerId } of hung) {
      this.logger.warn(`Worker ${workerId} has said nothing for ${silentFor} s and was disconnected.`);
    }
    return hung.length;
  }
}
