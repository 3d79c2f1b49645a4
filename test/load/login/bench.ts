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

const ground = await prepareLoad();
try {
  const known = await accounts(tries, await hashPassword(password));
  const withoutPassword = await accounts(tries, null);
  const api = await ground.listen(builtApi('main'));
  await answerOf(`${api}/v1/alerts`, someone());
  say(`load of the machine: ${load()}`);
  await besideAFlood(api, known.slice(0, parallelLogins));
  await knownOrNot(api, known, withoutPassword);
  say(`load of the machine: ${load()}`);
} finally {
  await ground.close();
}

async function besideAFlood(api: string, people: readonly string[]): Promise<void> {
  const url = `${api}/v1/alerts`;
  const json = { 'content-type': 'application/json' };
  const owner = { authorization: `Bearer ${someone()}` };
  const body = JSON.stringify({ symbol: 'BTC-USD', target: '33000' });
  const create = () => {
    const headers = { ...json, authorization: `Bearer ${someone()}` };
    return took(url, { method: 'POST', headers, body }, 201);
  };
  const routes = [
    { name: 'cached list', ask: () => took(url, { headers: owner }, 200) },
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
    const flood = people.map(async (email) => {
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
  known: readonly string[],
  withoutPassword: readonly string[],
): Promise<void> {
  const unknown = known.map(() => `${randomUUID()}@example.org`);
  const kinds = [
    { name: 'a known account', emails: known, samples: [] as number[] },
    { name: 'an unknown account', emails: unknown, samples: [] as number[] },
    { name: 'an account without a password', emails: withoutPassword, samples: [] as number[] },
  ];
  for (let index = 0; index < tries; index += 1) {
    // The order turns, so that no kind always comes after the same other one.
    const turn = index % kinds.length;
    for (const { emails, samples } of [...kinds.slice(turn), ...kinds.slice(0, turn)]) {
      samples.push(await logIn(api, emails[index] ?? '', 'incorrect horse', 401));
    }
  }
  const medianOfKnown = median(kinds[0]?.samples ?? []);
  for (const { name, samples } of kinds) {
    const difference = (100 * (median(samples) - medianOfKnown)) / medianOfKnown;
    say(`wrong password of ${name}: ${ms(median(samples))}, ${difference.toFixed(1)} % (goal within 5 %)`);
  }
}

function logIn(api: string, email: string, given: string, status: number): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ email, password: given });
  return took(`${api}/v1/auth/login`, { method: 'POST', headers, body }, status);
}

/** The access token of somebody new. */
function someone(): string {
  return accessTokenOf(secret, randomUUID());
}

/** So many confirmed accounts with this hash; their addresses. */
async function accounts(count: number, passwordHash: string | null): Promise<string[]> {
  const client = new pg.Client({ connectionString: ground.databaseUrl });
  await client.connect();
  const emails = Array.from({ length: count }, () => `${randomUUID()}@example.org`);
  await client.query(
    `insert into identity.users (id, email, password_hash, role, email_verified, demo, created_at)
     select gen_random_uuid(), email, $2, 'user', true, false, now() from unnest($1::text[]) as email`,
    [emails, passwordHash],
  );
  await client.query('vacuum analyze identity.users');
  await client.end();
  return emails;
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
