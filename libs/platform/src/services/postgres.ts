import pg from 'pg';
import { ConfigurationError } from '../config/index.ts';
import { withoutSecrets } from '../logging/without-secrets.ts';
import { networkFault, Unusable } from './unusable.ts';
import type { Service } from './wait-until-usable.ts';

/** A Postgres server as a session of ours finds it. */
export interface PostgresFacts {
  /** `server_version_num`, e.g. 150004. */
  readonly version: number;
  readonly database: string;
  readonly role: string;
  /** A standby after a failover, or a server that somebody holds for maintenance. */
  readonly readOnly: boolean;
  /** Whether the role may make our schemas, or has them already. */
  readonly mayMigrate: boolean;
}

const [oldest, newest] = [15, 18];

/** The Postgres of this URL; `ask` is given a session on it once the server is known to fit. */
export function postgresAt<Answer>(
  url: string,
  ask: (session: pg.Client, facts: PostgresFacts) => Promise<Answer>,
): Service<Answer> {
  const { host, port } = clientFor(url);
  return {
    variable: 'DATABASE_URL',
    name: 'Postgres',
    address: host.startsWith('/') ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`,
    ask: async () => {
      const client = clientFor(url);
      // A server that ends meanwhile says so here as well as in the answer that we wait for.
      client.on('error', () => undefined);
      try {
        await client.connect();
        const facts = await factsOf(client);
        const unfit = unfitness(facts);
        if (unfit) throw unfit;
        return await ask(client, facts);
      } catch (error) {
        throw postgresFault(error);
      } finally {
        client.end().catch(() => undefined);
      }
    },
  };
}

/** Why a server cannot be used as it is. */
export function unfitness({ version, readOnly }: PostgresFacts): Unusable | undefined {
  const major = Math.floor(version / 10_000);
  if (major < oldest || major > newest) {
    return new Unusable(`is version ${major}; Tocsin needs ${oldest} to ${newest}`, false);
  }
  return readOnly ? new Unusable('is read-only, as a standby is', true) : undefined;
}

/** What became of a question, in words that name no secret. */
export function postgresFault(error: unknown): unknown {
  if (error instanceof Unusable || !(error instanceof Error)) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const known = faults.find(([pattern]) => pattern.test(code) || pattern.test(message));
  if (known) return new Unusable(known[1], known[2], error);
  const said = withoutSecrets(message).slice(0, 200).replace(/\.$/, '');
  // SQLSTATE: what a server refuses in any other words, it refuses the next time too.
  return networkFault(error) ?? (/^\w{5}$/.test(code) ? new Unusable(`says "${said}"`, false, error) : error);
}

const faults: readonly (readonly [sign: RegExp, reason: string, passing: boolean])[] = [
  [/^57P0[123]$/, 'is starting or stopping', true],
  [/^53300$/, 'has no connection left', true],
  [/^(timeout expired|Query read timeout)$/, 'does not answer', true],
  [/^Connection terminated/, 'hangs up', true],
  [/^28P01$/, 'does not accept this user and password', false],
  [/^3D000$/, 'has no database of this name', false],
  [/^42501$/, 'does not let this role use its tables; grant it what the owner has', false],
  [/does not support SSL|establishing an SSL connection/, 'speaks no TLS, which the URL asks for', false],
  [/password must be a string/i, 'wants a password, and the URL has none', false],
];

async function factsOf(client: pg.Client): Promise<PostgresFacts> {
  const { rows } = await client.query<PostgresFacts>(`
    select current_setting('server_version_num')::integer as version, current_database() as database,
      current_user as role, current_setting('transaction_read_only')::boolean as "readOnly",
      has_database_privilege(current_database(), 'create')
        or to_regnamespace('platform') is not null as "mayMigrate"`);
  return rows[0]!;
}

function clientFor(connectionString: string): pg.Client {
  try {
    return new pg.Client({
      connectionString,
      application_name: 'tocsin check',
      connectionTimeoutMillis: 5_000,
      query_timeout: 5_000,
    });
  } catch (error) {
    // The text of the error may repeat the URL.
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new ConfigurationError([`DATABASE_URL: cannot be used as it is written (${code})`]);
  }
}
