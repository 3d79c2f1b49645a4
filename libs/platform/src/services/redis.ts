import { createClient } from '@redis/client';
import { ConfigurationError } from '../config/index.ts';
import { withoutSecrets } from '../logging/without-secrets.ts';
import { networkFault, Unusable } from './unusable.ts';
import type { Service } from './wait-until-usable.ts';

/** A Redis server as it describes itself. */
export interface RedisFacts {
  readonly version: string;
  /** What it does when its memory is full; only `noeviction` keeps jobs. */
  readonly evictionPolicy: string;
  readonly readOnly: boolean;
}

const oldest = 7;

/** The Redis of this URL. */
export function redisAt(url: string): Service<RedisFacts> {
  const { host, port } = new URL(url);
  return {
    variable: 'REDIS_URL',
    name: 'Redis',
    address: port ? host : `${host}:6379`,
    ask: async () => {
      const client = clientFor(url);
      client.on('error', () => undefined);
      const deadline = AbortSignal.timeout(5_000);
      deadline.addEventListener('abort', () => void client.disconnect().catch(() => undefined));
      try {
        await client.connect();
        const facts = factsIn(await client.info());
        const unfit = unfitness(facts);
        if (unfit) throw unfit;
        return facts;
      } catch (error) {
        throw deadline.aborted ? new Unusable('does not answer', true, error) : redisFault(error);
      } finally {
        if (client.isOpen) await client.disconnect().catch(() => undefined);
      }
    },
  };
}

function clientFor(url: string) {
  try {
    return createClient({ url, socket: { connectTimeout: 5_000, reconnectStrategy: false } });
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable';
    throw new ConfigurationError([`REDIS_URL: cannot be used as it is written (${withoutSecrets(reason)})`]);
  }
}

/** Reads the answer to INFO. */
function factsIn(info: string): RedisFacts {
  const value = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return {
    version: value('redis_version'),
    evictionPolicy: value('maxmemory_policy'),
    readOnly: value('role') === 'slave',
  };
}

function unfitness({ version, readOnly }: RedisFacts): Unusable | undefined {
  if (Number.parseInt(version, 10) < oldest) {
    return new Unusable(`is version ${version}; Tocsin needs ${oldest} or newer`, false);
  }
  return readOnly ? new Unusable('is a read-only replica', true) : undefined;
}

const faults: readonly (readonly [sign: RegExp, reason: string, passing: boolean])[] = [
  [/^(WRONGPASS|ERR invalid password|ERR Client sent AUTH)/, 'does not accept this user and password', false],
  [/^NOAUTH/, 'wants a password, and the URL has none', false],
  [/^NOPERM/, 'does not let this user ask INFO', false],
  [/^(LOADING|BUSY)/, 'is starting', true],
  [/^ERR max number of clients/, 'has no connection left', true],
  [/^Connection timeout/, 'does not answer', true],
  [/^Socket closed/, 'hangs up', true],
];

function redisFault(error: unknown): unknown {
  if (error instanceof Unusable || !(error instanceof Error)) return error;
  const known = faults.find(([sign]) => sign.test(error.message));
  if (known) return new Unusable(known[1], known[2], error);
  const said = withoutSecrets(error.message).slice(0, 200);
  return networkFault(error) ?? new Unusable(`says "${said}"`, false, error);
}
