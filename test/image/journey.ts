import assert from 'node:assert/strict';
import { checkConfinement, confinementScript } from './confinement.ts';
import { type Container, Engine } from './engine.ts';
import { assertTellsNoSecret } from '../support/told-secrets.ts';
import { apiUrl, type Mail, Person, until } from './person.ts';

/** What an operator does with the compose file, on the engine that the argument names. */
const [, , folder = 'docker'] = process.argv;
const programs = ['api', 'worker', 'inbox'];
const lasting = ['postgres', 'redis', ...programs];

const engine = folder === 'docker' ? Engine.docker() : await Engine.podman(folder);
const ada = new Person('ada@example.org', 'correct horse battery');
try {
  await tellSizes();
  await becomesHealthy();
  await runsConfined();
  await sendsTheFirstMail();
  await makesAnAdmin();
  await findsNothingWrong();
  await endsCleanly();
  await comesBackWithItsData();
  await engine.compose('down', '--volumes');
  process.exit(0);
} catch (error) {
  tell(await engine.compose('logs', '--no-color', '--tail', '30').catch(String));
  tell(String(error));
  await engine.compose('down', '--volumes', '--timeout', '5').catch(tell);
  process.exit(1);
}

async function tellSizes(): Promise<void> {
  const size = await engine.imageSize('tocsin:local');
  const base = await engine.imageSize('node:24-bookworm-slim');
  tell(`the image has ${megabytes(size)} MB, ${megabytes(size - base)} of them above its base`);
}

async function becomesHealthy(): Promise<void> {
  const began = performance.now();
  await engine.compose('up', '--detach', '--no-build');
  await until('every service is healthy', () => areHealthy(lasting));
  tell(`healthy ${since(began)} after \`up\`: secrets made, database set up, migrations run`);
  for (const service of ['secrets', 'migrate']) {
    for (const { State } of await engine.containers(service)) assert.equal(State.ExitCode, 0, service);
  }
}

async function runsConfined(): Promise<void> {
  for (const service of lasting) {
    const printed = await engine.compose('exec', '-T', service, 'sh', '-c', confinementScript);
    tell(`${service}: ${checkConfinement(service, printed)}`);
  }
}

async function sendsTheFirstMail(): Promise<void> {
  await ada.register();
  await ada.confirm();
  tell('an address was confirmed by the link that was mailed to it');
  await ada.logIn();
  const price = await until('DEMO-USD has a price', async () => {
    const quote = await ada.call('GET', '/v1/quotes/DEMO-USD');
    return quote['price'];
  });
  const began = performance.now();
  // The level of its wave that lies on the other side of its middle, so never at its price.
  const target = Number(price) < 100 ? '103' : '97';
  const { id } = await ada.call('POST', '/v1/alerts', { symbol: 'DEMO-USD', target });
  const [mail] = await until('the mail is in the inbox', async () => {
    const mails = await alertMails();
    return mails.length > 0 && mails;
  });
  assert.equal(mail?.subject, `DEMO-USD reached ${target}`);
  tell(`the first mail came ${since(began)} after its alert was set: ${mail.subject}`);
  const { items } = await ada.call('GET', `/v1/alerts/${String(id)}/history`);
  const firing = (items as Happening[]).find(({ type }) => type === 'triggered');
  assert.ok(firing?.receipt);
  const [traded, received] = [Date.parse(firing.receipt.crossing.at), Date.parse(mail.receivedAt)];
  tell(`and ${((received - traded) / 1000).toFixed(1)} s after the trade that it tells of`);
  const metrics = await fetch(`${apiUrl}/metrics`);
  tell(`/metrics answers ${metrics.status} with ${(await metrics.text()).split('\n').length} lines`);
}

async function alertMails(): Promise<Mail[]> {
  return (await ada.mails()).filter(({ subject }) => subject.startsWith('DEMO-USD'));
}

interface Happening {
  readonly type: string;
  readonly receipt?: { readonly crossing: { readonly at: string } };
}

async function makesAnAdmin(): Promise<void> {
  const command = ['npm', 'run', 'admin:create', '--', 'grace@example.org'];
  const said = await engine.compose('exec', '-T', 'api', ...command);
  const [, password = ''] = /Password, shown only here: (\S+)/.exec(said) ?? [];
  const grace = new Person('grace@example.org', password);
  await grace.logIn();
  tell('an admin was made, and can log in');
}

async function findsNothingWrong(): Promise<void> {
  const said = await engine.compose('exec', '-T', 'api', 'node', 'dist/apps/embedded/src/doctor.js');
  assert.match(said, /^0 failed/m, said);
  tell(`the doctor says: ${said.trim().split('\n').at(-1)}`);
}

async function endsCleanly(): Promise<void> {
  const began = performance.now();
  await engine.compose('stop');
  const duration = since(began);
  for (const service of lasting) {
    for (const { State } of await engine.containers(service)) {
      assert.deepEqual([State.Status, State.ExitCode], ['exited', 0], `${service} ends with 0`);
    }
  }
  for (const service of ['api', 'worker']) {
    const log = await engine.compose('logs', '--no-color', service);
    assert.match(
      log.trim().split('\n').at(-1) ?? '',
      /Ended with 0\./,
      `${service} says so:\n${log.slice(-2_000)}`,
    );
  }
  // Of every container that ever ran, also those that only made the secrets and the tables.
  assertTellsNoSecret(await engine.compose('logs', '--no-color'));
  tell(
    `stopped in ${duration}: every exit code is 0, api and worker say so in their last line, and no log tells a secret`,
  );
}

async function comesBackWithItsData(): Promise<void> {
  const began = performance.now();
  await engine.compose('up', '--detach', '--no-build', '--scale', 'worker=2');
  await until('every service is healthy', () => areHealthy(lasting));
  tell(`healthy again ${since(began)} after \`up\`, with two workers`);
  // With the token from before: the secret that signed it is the same one.
  const { items } = await ada.call('GET', '/v1/alerts');
  assert.equal((items as { status: string }[])[0]?.status, 'triggered');
  assert.equal((await alertMails()).length, 1);
  await ada.logIn();
  tell('the account, its alert and the one mail of it are still there');
}

async function areHealthy(services: readonly string[]): Promise<boolean> {
  const containers: Container[] = [];
  for (const service of services) containers.push(...(await engine.containers(service)));
  return (
    containers.length >= services.length &&
    containers.every(
      ({ State }) => State.Status === 'running' && (State.Health?.Status || 'healthy') === 'healthy',
    )
  );
}

function tell(what: string): void {
  process.stdout.write(`        ${what}\n`);
}

function since(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
