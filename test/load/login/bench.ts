import { randomUUID } from 'node:crypto';
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { hashPassword } from '../../../libs/identity/src/features/passwords.ts';
import { accessTokenOf } from '../../support/access-token.ts';
import { answerOf, builtApi, median, prepareLoad, quantile, secret } from '../ground.ts';

// `npm run bench:login`: what a flood of logins does to other routes, as a ratio to their quiet p99 in the same run; and
// whether the time of a login tells if there is an account. Everything compared is interleaved.

const rounds = 5;
const seconds = 8;
const parallelLogins = 200;
/** Of each other route, a second: few enough that a quiet api is idle most of the time. */
const rate = 100;
const tries = 1_000;
const password = 'correct horse battery staple';
const json = { 'content-type': 'application/json' };

interface Account {
  readonly id: string;
  readonly email: string;
}

const ground = await prepareLoad();
const database = new pg.Client({ connectionString: ground.databaseUrl });
try {
  await database.connect();
  const known = await accounts(tries, await hashPassword(password));
  const withoutPassword = await accounts(tries, null);
  const tokens = await signedIn(known);
  await database.end();
  const api = await ground.listen(builtApi('main'));
  await answerOf(`${api}/v1/alerts`, tokens[0] ?? '');
  say(`load of the machine: ${load()}`);
  await besideAFlood(api, tokens, known.slice(0, parallelLogins));
  await knownOrNot(api, known, withoutPassword);
  say(`load of the machine: ${load()}`);
} finally {
  await ground.close();
}

async function besideAFlood(
  api: string,
  [owner, ...others]: readonly string[],
  people: readonly Account[],
): Promise<void> {
  const url = `${api}/v1/alerts`;
  const body = JSON.stringify({ symbol: 'BTC-USD', target: '33000' });
  let turn = 0;
  const create = () => {
    const authorization = `Bearer ${others[(turn += 1) % others.length]}`;
    return took(url, { method: 'POST', headers: { ...json, authorization }, body }, 201);
  };
  const routes = [
    { name: 'cached list', ask: () => took(url, { headers: { authorization: `Bearer ${owner}` } }, 200) },
    { name: 'create', ask: create },
  ].map((route) => ({ ...route, quiet: [] as number[], flooded: [] as number[] }));
  const logins: number[] = [];

  const measure = (of: 'quiet' | 'flooded') =>
    Promise.all(
      routes.map(async (route) => route[of].push(quantile(await sampled(route.ask, seconds), 0.99))),
    );
  await Promise.all(routes.map(({ ask }) => sampled(ask, 2)));
  for (let round = 1; round <= rounds; round += 1) {
    await measure('quiet');
    const flooding = new AbortController();
    const flood = people.map(async ({ email }) => {
      while (!flooding.signal.aborted) logins.push(await logIn(api, email, password, 200));
    });
    await measure('flooded');
    flooding.abort();
    await Promise.all(flood);
    say(`round ${round} of ${rounds}`);
  }
  for (const { name, quiet, flooded } of routes) {
    const ratios = flooded.map((p99, index) => p99 / (quiet[index] ?? Number.NaN));
    say(
      `${name}: p99 ${ms(median(quiet))} quiet, ${ms(median(flooded))} beside ${people.length} logins, ` +
        `ratio ${median(ratios).toFixed(1)} (${Math.min(...ratios).toFixed(1)} to ${Math.max(...ratios).toFixed(1)})`,
    );
  }
  say(`logins, ${people.length} at a time: p50 ${ms(median(logins))}, p99 ${ms(quantile(logins, 0.99))}`);
}

/** What a wrong password takes; one at a time, so that nothing of it is waiting for others. */
async function knownOrNot(
  api: string,
  known: readonly Account[],
  withoutPassword: readonly Account[],
): Promise<void> {
  const unknown = known.map(newAccount);
  const kinds = [
    { name: 'a known account', people: known, samples: [] as number[] },
    { name: 'an unknown account', people: unknown, samples: [] as number[] },
    { name: 'an account without a password', people: withoutPassword, samples: [] as number[] },
  ];
  for (let index = 0; index < tries; index += 1) {
    // The order turns, so that no kind always comes after the same other one.
    const turn = index % kinds.length;
    for (const { people, samples } of [...kinds.slice(turn), ...kinds.slice(0, turn)]) {
      samples.push(await logIn(api, people[index]?.email ?? '', 'incorrect horse', 401));
    }
  }
  const medianOfKnown = median(kinds[0]?.samples ?? []);
  for (const { name, samples } of kinds) {
    const difference = (100 * (median(samples) - medianOfKnown)) / medianOfKnown;
    say(`wrong password of ${name}: ${ms(median(samples))}, ${difference.toFixed(1)} % (goal within 5 %)`);
  }
}

function logIn(api: string, email: string, given: string, status: number): Promise<number> {
  const body = JSON.stringify({ email, password: given });
  return took(`${api}/v1/auth/login`, { method: 'POST', headers: json, body }, status);
}

/** So many confirmed accounts with this hash. */
async function accounts(count: number, passwordHash: string | null): Promise<Account[]> {
  const made = Array.from({ length: count }, newAccount);
  await database.query(
    `insert into identity.users (id, email, password_hash, role, email_verified, demo, created_at)
     select id, email, $2, 'user', true, false, now() from json_to_recordset($1) as made (id uuid, email text)`,
    [JSON.stringify(made), passwordHash],
  );
  await database.query('vacuum analyze identity.users');
  return made;
}

function newAccount(): Account {
  const id = randomUUID();
  return { id, email: `${id}@example.org` };
}

/** An access token of a session that goes on, for each account. */
async function signedIn(people: readonly Account[]): Promise<string[]> {
  const sessions = people.map(({ id }) => ({ id: randomUUID(), user_id: id }));
  await database.query(
    `with opened as (
       insert into identity.sessions (id, user_id)
       select id, user_id from json_to_recordset($1) as made (id uuid, user_id uuid) returning id, user_id)
     insert into identity.refresh_tokens (token_hash, user_id, session_id, expires_at)
     select uuid_send(id), user_id, id, now() + interval '1 day' from opened`,
    [JSON.stringify(sessions)],
  );
  return sessions.map(({ id, user_id }) => accessTokenOf(secret, user_id, { sid: id }));
}

/** What requests at a fixed rate take, however long those before them do. */
async function sampled(ask: () => Promise<number>, duration: number): Promise<number[]> {
  const began = performance.now();
  const asked: Promise<number>[] = [];
  while (asked.length < rate * duration) {
    await pause(Math.max(0, began + (asked.length * 1_000) / rate - performance.now()));
    asked.push(ask());
  }
  return Promise.all(asked);
}

/** Milliseconds until the whole answer is there. @throws Error when it has another status */
async function took(url: string, init: RequestInit, status: number): Promise<number> {
  const began = performance.now();
  const answer = await fetch(url, init);
  const body = await answer.text();
  if (answer.status !== status) throw new Error(`${url} answered ${answer.status} ${body}`);
  return performance.now() - began;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

/** Processes that wanted to run: over the last minute, five and fifteen. */
function load(): string {
  return loadavg()
    .map((value) => value.toFixed(1))
    .join(', ');
}
