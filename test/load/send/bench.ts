import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { accessTokenOf } from '../../support/access-token.ts';
import { freePorts } from '../../support/free-ports.ts';
import { answerOf, builtApi, builtWorker, median, prepareLoad, secret } from '../ground.ts';
import type { BareMessage, Run } from './bare-pool.ts';

// `npm run bench:send`: messages through the whole pipeline, from the request to send until the last one is accepted and
// counted, against a bare nodemailer pool that sends the same messages over as many connections in the same run.

const [rounds, notifications, recipients, connections] = [3, 20, 1_000, 20];
const total = notifications * recipients;
const from = 'Tocsin <alerts@example.org>';
const userId = '0190d3c0-0000-7000-8000-00000000aaaa';
const message = 'The market this morning is quiet, and so it was yesterday.\n'.repeat(8);

const [smtpPort = 0] = await freePorts(1);
const smtpUrl = `smtp://127.0.0.1:${smtpPort}`;
const sink = spawn('smtp-sink', ['-u', 'nobody', `127.0.0.1:${smtpPort}`, '1000'], { stdio: 'inherit' });
sink.on('error', () => {
  console.error('smtp-sink is missing: it is in the Debian package postfix.');
  process.exit(1);
});
process.once('exit', () => sink.kill());

const ground = await prepareLoad({
  SMTP_URL: smtpUrl,
  MAIL_FROM: from,
  SMTP_CONNECTIONS: String(connections),
});
const database = new pg.Client({ connectionString: ground.databaseUrl });
const bare = fork(fileURLToPath(new URL('bare-pool.ts', import.meta.url)), [
  smtpUrl,
  String(connections),
  from,
]);
try {
  await database.connect();
  const token = await operator();
  const api = await ground.listen(builtApi('main'));
  await answerOf(`${api}/v1/notifications`, token);
  const worker = ground.start(builtWorker, { MARKET_FEEDS: 'none' });
  say(`load of the machine: ${load()}`);
  // The first rounds warm everything up.
  let messages = (await throughThePipeline(api, token, worker)).messages;
  await throughTheBarePool(messages);
  const runs: { ours: Run; reference: Run }[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const ours = await throughThePipeline(api, token, worker);
    messages = ours.messages;
    const reference = await throughTheBarePool(messages);
    runs.push({ ours, reference });
    say(`round ${round} of ${rounds}: ${shown(ours)}; bare pool ${shown(reference)}`);
  }
  const rate = median(runs.map(({ ours, reference }) => reference.ms / ours.ms));
  const cpu = median(runs.map(({ ours, reference }) => ours.cpuSeconds / reference.cpuSeconds));
  say(`one worker: ${rate.toFixed(2)} of the rate of a bare pool (goal 0.75 or more)`);
  say(`one worker: ${cpu.toFixed(2)} times its CPU seconds a mail (goal 1.5 or less)`);
  const second = ground.start(builtWorker, { MARKET_FEEDS: 'none' });
  await throughThePipeline(api, token, second);
  const two = await throughThePipeline(api, token, second);
  say(`two workers: ${perSecond(two)} mails a second`);
  say(`load of the machine: ${load()}`);
} finally {
  bare.disconnect();
  await database.end();
  await ground.close();
  sink.kill();
}

async function operator(): Promise<string> {
  const sessionId = '0190d3c0-0000-7000-8000-00000000bbbb';
  await database.query(
    `insert into identity.users (id, email, password_hash, role, email_verified, demo, created_at)
     values ($1, 'operator@example.org', null, 'operator', true, false, now())`,
    [userId],
  );
  await database.query('insert into identity.sessions (id, user_id) values ($1, $2)', [sessionId, userId]);
  await database.query(
    `insert into identity.refresh_tokens (token_hash, user_id, session_id, expires_at)
     values (uuid_send($1), $2, $1, now() + interval '1 day')`,
    [sessionId, userId],
  );
  return accessTokenOf(secret, userId, { role: 'operator', sid: sessionId });
}

/** Drafts first; what is measured begins with the request to send them. */
async function throughThePipeline(
  api: string,
  token: string,
  worker: ChildProcess,
): Promise<Run & { messages: BareMessage[] }> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const ids: string[] = [];
  for (let one = 0; one < notifications; one += 1) {
    const to = Array.from({ length: recipients }, (_, index) => ({
      channel: 'email',
      to: `person${one}-${index}@example.org`,
    }));
    const body = JSON.stringify({ subject: `Bitcoin today, part ${one}`, message, recipients: to });
    const answer = await fetch(`${api}/v1/notifications`, { method: 'POST', headers, body });
    if (answer.status !== 201) throw new Error(await answer.text());
    ids.push(((await answer.json()) as { id: string }).id);
  }
  const cpuBefore = cpuSecondsOf(worker);
  const { rows: began } = await database.query<{ at: Date }>('select clock_timestamp() as at');
  for (const id of ids) {
    const answer = await fetch(`${api}/v1/notifications/${id}/send`, { method: 'POST', headers, body: '{}' });
    if (answer.status !== 202) throw new Error(await answer.text());
  }
  for (let open = ids.length; open > 0; await pause(100)) {
    const { rows } = await database.query<{ open: number }>(
      `select count(*)::integer as open from notifications.notifications where id = any($1) and status <> 'sent'`,
      [ids],
    );
    open = rows[0]?.open ?? 0;
  }
  const { rows } = await database.query<BareMessage & { acceptedAt: Date }>(
    `select delivery.recipient as "to", message.subject, message.text, message.html,
       '<bare-' || delivery.id || '@example.org>' as "messageId", attempt.settled_at as "acceptedAt"
     from delivery.deliveries as delivery join delivery.messages as message on message.id = delivery.message_id
     join delivery.attempts as attempt on attempt.delivery_id = delivery.id and attempt.outcome = 'accepted'
     where delivery.notification_id = any($1)`,
    [ids],
  );
  if (rows.length !== total) throw new Error(`${rows.length} messages were accepted, not ${total}.`);
  const ended = Math.max(...rows.map(({ acceptedAt }) => acceptedAt.getTime()));
  const messages = rows.map(({ acceptedAt: _at, ...one }) => one);
  const ms = ended - (began[0]?.at.getTime() ?? Number.NaN);
  return { ms, cpuSeconds: cpuSecondsOf(worker) - cpuBefore, messages };
}

async function throughTheBarePool(messages: BareMessage[]): Promise<Run> {
  const ran = once(bare, 'message');
  bare.send(messages);
  const [run] = (await ran) as [Run];
  return run;
}

/** What a process has used so far, all its threads together; Linux counts in hundredths. */
function cpuSecondsOf({ pid }: ChildProcess): number {
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}

function shown(run: Run): string {
  return `${perSecond(run)} mails a second, ${((run.cpuSeconds / total) * 1_000).toFixed(2)} CPU s a thousand`;
}

function perSecond({ ms }: Run): number {
  return Math.round((total / ms) * 1_000);
}

function load(): string {
  return loadavg()
    .map((one) => one.toFixed(1))
    .join(', ');
}

function say(line: string): void {
  console.log(line);
}
