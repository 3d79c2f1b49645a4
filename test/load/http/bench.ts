import { randomUUID } from 'node:crypto';
import autocannon from 'autocannon';
import pg from 'pg';
import { accessTokenOf } from '../../support/access-token.ts';
import { answerOf, builtApi, median, prepareLoad, secret } from '../ground.ts';

// `npm run bench:http`: requests a second of the api and of two bare references, interleaved, medians of the rounds.

const rounds = 5;
const seconds = 4;
const connections = 32;
/** More than are asked for within the life of a cached list, so that each list of the second kind is a miss. */
const owners = 20_000;

interface Target {
  readonly name: string;
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly body?: string;
  /** Whose token the next request carries. */
  readonly token: () => string;
  readonly samples: number[];
}

const ground = await prepareLoad();
try {
  await bench();
} finally {
  await ground.close();
}

async function bench(): Promise<void> {
  const tokens = await seed();
  const someone = tokens[0] ?? '';

  const lists = `${await ground.listen(builtApi('main'))}/v1/alerts`;
  const ANSWER = await answerOf(lists, someone);
  const bare = await ground.listen(new URL('reference.ts', import.meta.url), { ANSWER });
  await answerOf(`${bare}/ready`, someone);

  let turn = 0;
  const next = () => tokens[(turn += 1) % tokens.length] ?? '';
  const one = () => someone;
  const body = JSON.stringify({ symbol: 'BTC-USD', target: '33000' });
  const target = (
    name: string,
    url: string,
    token: () => string,
    method: 'GET' | 'POST' = 'GET',
  ): Target => ({
    name,
    url,
    method,
    token,
    samples: [],
    ...(method === 'POST' ? { body } : {}),
  });
  const pairs: [Target, Target, string][] = [
    [target('cached list', lists, one), target('bare Nest handler', `${bare}/ready`, one), 'goal 0.7'],
    [target('uncached list', lists, next), target('bare pg handler', `${bare}/list`, next), 'goal 0.8'],
    [
      target('create', lists, next, 'POST'),
      target('bare pg handler, same rows', `${bare}/create`, next, 'POST'),
      'no goal',
    ],
  ];
  for (const each of pairs.flatMap(([ours, theirs]) => [ours, theirs])) await measure(each, 2);
  for (let round = 1; round <= rounds; round += 1) {
    // The order turns with each round, so that neither side always comes after the other.
    const all = pairs.flatMap(([ours, theirs]) => (round % 2 ? [ours, theirs] : [theirs, ours]));
    for (const each of all) each.samples.push(await measure(each, seconds));
    process.stdout.write(`round ${round} of ${rounds}\n`);
  }
  for (const [ours, theirs, goal] of pairs) {
    const ratios = ours.samples.map((sample, index) => sample / (theirs.samples[index] ?? Number.NaN));
    process.stdout.write(
      `${ours.name}: ${median(ours.samples).toFixed(0)}/s, ${theirs.name}: ${median(theirs.samples).toFixed(0)}/s, ` +
        `ratio ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}; ${goal})\n`,
    );
  }
}

/** Ten alerts for each of many people; their access tokens. */
async function seed(): Promise<string[]> {
  const client = new pg.Client({ connectionString: ground.databaseUrl });
  await client.connect();
  const ids = Array.from({ length: owners }, () => randomUUID());
  // Of each person one session, under the person's id.
  await client.query(
    `with people as (
       insert into identity.users (id, email, role, email_verified, demo, created_at)
       select id, id || '@example.org', 'user', true, false, now() from unnest($1::uuid[]) as id returning id),
     opened as (insert into identity.sessions (id, user_id) select id, id from people)
     insert into identity.refresh_tokens (token_hash, user_id, session_id, expires_at)
     select uuid_send(id), id, id, now() + interval '1 day' from people`,
    [ids],
  );
  await client.query(
    `insert into alerts.alerts (id, user_id, symbol, operator, target, direction, reference_source,
       reference_trade_id, reference_price, reference_at, status, created_at)
     select gen_random_uuid(), owner, 'BTC-USD', 'crossing', 33000 + n, 'up', 'binance', 4711, 32000.1, now(),
       'active', now()
     from unnest($1::uuid[]) as owner, generate_series(1, 10) as n`,
    [ids],
  );
  await client.query('vacuum analyze alerts.alerts, identity.users, identity.sessions');
  await client.end();
  return ids.map((id) => accessTokenOf(secret, id, { sid: id }));
}

/** Answers a second. @throws Error when one of them is no success */
async function measure({ name, url, method, body, token }: Target, duration: number): Promise<number> {
  const setupRequest = (request: autocannon.Request) => ({
    ...request,
    headers: { ...request.headers, authorization: `Bearer ${token()}` },
  });
  const result = await autocannon({
    url,
    method,
    connections,
    duration,
    ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
    requests: [{ setupRequest }],
  });
  if (result.non2xx + result.errors > 0) {
    throw new Error(`${name}: ${result.non2xx} answers were no success, ${result.errors} requests failed.`);
  }
  return result.requests.total / result.duration;
}
