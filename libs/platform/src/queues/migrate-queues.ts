import { runMigrations } from 'bullmq';
import type pg from 'pg';

/** The Postgres schema that belongs to BullMQ; nothing of ours lives in it. */
export const queueSchema = 'bullmq';

/** Brings BullMQ's own schema to the newest version, in one transaction on this one session. */
export async function migrateQueues(session: pg.Client): Promise<void> {
  await runMigrations(session, queueSchema);
}
