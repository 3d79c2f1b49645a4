import type pg from 'pg';
import type { Config } from '#platform/config';
import { runningUrl } from '#platform/postgres-server';
import {
  expectMayMigrate,
  type PostgresFacts,
  postgresAt,
  schemaState,
  type SchemaState,
  Unusable,
} from '#platform/services';
import { contexts } from '../contexts.ts';
import { connections } from './connections.ts';
import { type Check, failed, type Finding, ok, warn } from './finding.ts';

/** What is known of the database after a look at it. */
export interface DatabaseLook {
  readonly findings: readonly Finding[];
  /** Null when there are no tables of this version that could be read. */
  readonly readableUrl: string | null;
}

export const postgres = (look: Promise<DatabaseLook>): Check => ({
  subject: 'Postgres',
  look: async () => (await look).findings,
});

/** Asks the Postgres of `DATABASE_URL`, or the embedded one where it runs. */
export async function lookAtDatabase(config: Config): Promise<DatabaseLook> {
  const url = config.databaseUrl ?? (config.embedded ? runningUrl(config.dataDir) : undefined);
  if (url === undefined) {
    const text = config.embedded
      ? 'the embedded one does not run; npm start starts it. Not looked at: its tables and what waits in them'
      : 'not looked at without a DATABASE_URL';
    return { findings: [ok(text)], readableUrl: null };
  }
  const service = postgresAt(url, async (session, facts): Promise<DatabaseLook> => {
    const state = await schemaState(session, contexts);
    const findings = [
      ok(`${versionText(facts.version)} at ${service.address}`),
      ...migrations(config, facts, state),
      await connections(config, session),
      await clock(session),
    ];
    return { findings, readableUrl: state.pending.length > 0 ? null : url };
  });
  try {
    return await service.ask();
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    const advice = error.passing
      ? 'Start it, or correct DATABASE_URL; processes of Tocsin wait half a minute for it at their start.'
      : 'Correct DATABASE_URL, or that server; no process of Tocsin starts until then.';
    const text = `DATABASE_URL: Postgres at ${service.address} ${error.reason}`;
    return { findings: [failed(text, advice)], readableUrl: null };
  }
}

const versionText = (version: number): string => `${Math.floor(version / 10_000)}.${version % 10_000}`;

function migrations(config: Config, facts: PostgresFacts, { pending, unknown }: SchemaState): Finding[] {
  const newer = unknown.map((name) =>
    warn(`a newer version has migrated it (${name})`, 'Finish the deploy; this version goes on beside it.'),
  );
  if (pending.length === 0) return newer.length > 0 ? newer.slice(-1) : [ok('every table of this version')];
  const command = config.embedded ? 'npm start' : 'npm run db:migrate';
  const text =
    pending.length === 1 ? `${pending[0]} did not run yet` : `${pending.length} migrations did not run yet`;
  return [failed(text, `${command} runs what is missing.`), ...mayMigrate(facts), ...newer.slice(-1)];
}

function mayMigrate(facts: PostgresFacts): Finding[] {
  try {
    expectMayMigrate(facts);
    return [];
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    return [failed(`DATABASE_URL: Postgres ${error.reason}`, 'Do that as its owner.')];
  }
}

/** Seconds; more makes times in answers and mails wrong. */
const tolerated = 2;

async function clock(session: pg.Client): Promise<Finding> {
  const before = Date.now();
  const { rows } = await session.query<{ now: number }>(
    'select extract(epoch from clock_timestamp())::float * 1000 as now',
  );
  const after = Date.now();
  const ahead = (rows[0]!.now - (before + after) / 2) / 1000;
  if (Math.abs(ahead) <= tolerated + (after - before) / 2000) return ok('its clock agrees with ours');
  return warn(
    `its clock is ${Math.abs(ahead).toFixed(0)} s ${ahead > 0 ? 'ahead of' : 'behind'} that of this machine`,
    'Keep both clocks set (NTP).',
  );
}
