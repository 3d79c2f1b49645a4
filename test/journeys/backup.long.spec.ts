import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { homeOf } from '#platform/postgres-server';
import {
  type Alert,
  createAlert,
  createNotification,
  deleteNotification,
  getAlert,
  getAlertHistory,
  getNotification,
  getQuote,
  listNotifications,
  sendNotification,
} from '../support/client/index.ts';
import { freePorts } from '../support/free-ports.ts';
import { mailsOf } from '../support/inbox.ts';
import { newPerson, type Person, returning } from '../support/person.ts';
import { runCommand, startCommand, succeed } from '../support/run-command.ts';
import { Tocsin } from '../support/tocsin.ts';

const password = 'correct horse battery staple';
const patient = { timeout: 60_000, interval: 200 };

describe('a database that was restored from a backup', () => {
  let root: string;
  let ports: Record<string, string>;
  let inbox: string;
  let file: string;
  let ada: Person;
  let told: Alert;
  let waiting: Alert;
  let lost: Alert;
  let owed: string;
  let dataDir: string;
  const running: Tocsin[] = [];

  /** A data folder that only its owner can enter: where root runs this, the database lies elsewhere. */
  const closedFolder = (): string => mkdtempSync(join(root, 'closed-'));
  const variables = (): Record<string, string> => ({ ...ports, TOCSIN_DATA_DIR: dataDir });

  async function start(): Promise<{ tocsin: Tocsin; url: string }> {
    const tocsin = new Tocsin(variables());
    running.push(tocsin);
    return { tocsin, url: await tocsin.ready() };
  }

  async function stop(): Promise<void> {
    for (const tocsin of running.splice(0)) {
      tocsin.kill('SIGTERM');
      await tocsin.ended();
    }
  }

  /** Also from where it lies when the data folder is closed to the account that runs it. */
  const removeDatabase = (): void => rmSync(homeOf(dataDir), { recursive: true });

  /** The level of the demo's wave that lies on the other side of its middle, so never at its price. */
  async function alertAhead(note: string): Promise<Alert> {
    const { data } = await getQuote({ ...ada, path: { symbol: 'demo' }, throwOnError: true });
    const body = { symbol: 'demo', target: Number(data.price) < 100 ? '103' : '97', note };
    return (await createAlert({ ...ada, body, throwOnError: true })).data;
  }

  /** A written notification to grace, sending begun. */
  async function sendTo(subject: string): Promise<string> {
    const recipients = [{ channel: 'email' as const, to: 'grace@example.org' }];
    const body = { subject, message: 'Hello.', lineItems: [], recipients };
    const { data } = await createNotification({ ...ada, body, throwOnError: true });
    await sendNotification({ ...ada, path: { id: data.id }, body: {}, throwOnError: true });
    return data.id;
  }

  const notification = async (id: string) =>
    (await getNotification({ ...ada, path: { id }, throwOnError: true })).data;
  const alert = async ({ id }: Alert) => (await getAlert({ ...ada, path: { id }, throwOnError: true })).data;
  const subjects = async () => (await mailsOf(inbox)).map(({ subject }) => subject);
  const release = (...flags: string[]) => runCommand('release', flags, variables());

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'tocsin-backups-'));
    const [api, page, smtp] = await freePorts(3);
    inbox = `http://127.0.0.1:${page}`;
    ports = {
      PORT: `${api}`,
      MAILBOX_PORT: `${page}`,
      MAILBOX_SMTP_PORT: `${smtp}`,
      // Nothing answers there; only the simulated market is left.
      BINANCE_WS_URL: 'ws://127.0.0.1:9',
      BINANCE_REST_URL: 'http://127.0.0.1:9',
    };
    dataDir = mkdtempSync(join(root, 'first-'));
    file = join(root, 'tocsin.tar.gz');
    const { tocsin, url } = await start();
    ada = await newPerson([url], 'ada@example.org');
    // The one who registers first is an admin, who may write to anybody.
    told = await alertAhead('told before the backup');
    const query = { alertId: told.id };
    await vi.waitUntil(async () => {
      const { data } = await listNotifications({ ...ada, query, throwOnError: true });
      return data.items[0]?.status === 'sent';
    }, patient);
    const body = { symbol: 'demo', target: '1000', note: 'still waiting' };
    waiting = (await createAlert({ ...ada, body, throwOnError: true })).data;

    // Pending in the backup, and sent right after it.
    const [worker = 0] = tocsin.children(/apps\/worker/);
    process.kill(worker, 'SIGSTOP');
    owed = await sendTo('Owed in the backup');
    await succeed('backup', [file], variables());
    process.kill(worker, 'SIGCONT');
    await vi.waitUntil(async () => (await subjects()).includes('Owed in the backup'), patient);
    lost = await alertAhead('made after the backup');
    await stop();
    removeDatabase();
  });

  beforeEach(async () => {
    dataDir = closedFolder();
    await succeed('restore', [file], variables());
  });

  afterEach(async () => {
    await stop();
    removeDatabase();
  });

  afterAll(() => rmSync(root, { recursive: true }));

  it('has its accounts, tokens, alerts and history, mails nothing while held, and everything once when released', async () => {
    const { tocsin, url } = await start();
    expect(await runCommand('restore', [file, '--replace'], variables())).toEqual({
      code: 1,
      output: `Tocsin runs on ${dataDir}. Stop it first.\n`,
    });
    expect(tocsin.output).toMatch(/Attention +Sending is held since .* UTC: npm run release/);
    expect(tocsin.output).toMatch(/worker +WARN Sending is held since .*restored from tocsin\.tar\.gz of/);
    const { email, password: demoPassword } = JSON.parse(
      readFileSync(join(dataDir, 'demo.json'), 'utf8'),
    ) as Record<string, string>;
    expect(tocsin.output).toContain(`${email}  ${demoPassword}`);
    await returning([url], email ?? '', demoPassword ?? '');
    await returning([url], ada.email, password);

    expect(await alert(told)).toMatchObject({ status: 'triggered', note: 'told before the backup' });
    const { data: history } = await getAlertHistory({ ...ada, path: { id: told.id }, throwOnError: true });
    expect(history.items.map(({ type }) => type)).toEqual(['created', 'triggered']);
    expect(await alert(waiting)).toMatchObject({ status: 'active' });
    expect((await getAlert({ ...ada, path: { id: lost.id }, throwOnError: false })).response?.status).toBe(
      404,
    );

    const fires = await alertAhead('fires while held');
    const deleted = await sendTo('Deleted while held');
    await vi.waitFor(async () => {
      expect(await notification(owed)).toMatchObject({ status: 'pending', deliveries: { pending: 1 } });
      expect(await notification(deleted)).toMatchObject({ deliveries: { pending: 1 } });
      expect(await alert(fires)).toMatchObject({ status: 'triggered' });
      const { data } = await listNotifications({ ...ada, query: { alertId: fires.id }, throwOnError: true });
      expect(data.items).toMatchObject([{ deliveries: { pending: 1 } }]);
    }, patient);
    const { data: answer } = await deleteNotification({ ...ada, path: { id: deleted }, throwOnError: true });
    expect(answer).toMatchObject({ outcome: 'cancelled' });
    expect(await subjects()).toEqual([]);

    const shown = await release();
    expect(shown).toMatchObject({ code: 0, output: expect.stringMatching(/of alerts, made since +\d/) });
    expect(shown.output).toMatch(/written, made since +1 /);
    expect(await release('--send')).toMatchObject({
      code: 0,
      output: expect.stringContaining('can be sent now'),
    });
    await vi.waitFor(async () => {
      expect(await notification(owed)).toMatchObject({ status: 'sent' });
      const mails = await mailsOf(inbox, ada.email);
      expect(mails.map(({ text }) => text)).toEqual([expect.stringContaining('fires while held')]);
    }, patient);
    const later = await sendTo('After the release');
    await vi.waitFor(
      async () => expect(await notification(later)).toMatchObject({ status: 'sent' }),
      patient,
    );
    const toGrace = (await mailsOf(inbox, 'grace@example.org')).map(({ subject }) => subject);
    expect(toGrace.toSorted()).toEqual(['After the release', 'Owed in the backup']);
  });

  it('mails nothing of the old when it is released by discarding', async () => {
    await start();
    await vi.waitFor(
      async () => expect(await notification(owed)).toMatchObject({ deliveries: { pending: 1 } }),
      patient,
    );
    expect(await release('--discard')).toMatchObject({
      code: 0,
      output: expect.stringMatching(/Sending is released\. \d messages? (was|were) discarded/),
    });
    const later = await sendTo('After the release');
    await vi.waitFor(async () => {
      expect(await notification(owed)).toMatchObject({
        status: 'failed',
        deliveries: { cancelled: 1, pending: 0 },
      });
      expect(await notification(later)).toMatchObject({ status: 'sent' });
    }, patient);
    expect((await mailsOf(inbox, 'grace@example.org')).map(({ subject }) => subject)).toEqual([
      'After the release',
    ]);
    expect(await mailsOf(inbox, ada.email)).toEqual([]);
  });

  it('is not discarded before Tocsin has made messages of what it owes', async () => {
    const refused = await release('--discard');
    expect(refused).toMatchObject({
      code: 1,
      output: expect.stringMatching(/still to be worked through\. Start Tocsin/),
    });
    expect(refused.output).toContain('Tocsin does not run');
    expect(await release()).toMatchObject({
      code: 0,
      output: expect.stringContaining('Sending is held since'),
    });
  });

  it('can be backed up while it is stopped, and leaves no server behind', async () => {
    const refused = await runCommand('restore', [file], variables());
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('has a database already') });
    const second = join(root, 'second.tar.gz');
    await succeed('backup', [second], variables());
    expect(await succeed('restore', [second, '--replace'], variables())).toContain('What was there before');
    const { url } = await start();
    await returning([url], ada.email, password);
  });

  it('is put in its place by the next start when the restore was killed in the very end', async () => {
    const [place, draft] = [join(homeOf(dataDir), 'postgres'), join(homeOf(dataDir), 'restoring')];
    mkdirSync(draft);
    renameSync(place, join(draft, 'postgres'));
    const plan = { moves: [[join(draft, 'postgres'), place]], leftovers: [draft] };
    writeFileSync(join(dataDir, 'restore.json'), JSON.stringify(plan));
    await returning([(await start()).url], ada.email, password);
    expect(existsSync(draft)).toBe(false);
  });

  it('stands as it was when another restore is killed in the middle, which can be repeated', async () => {
    const home = homeOf(dataDir);
    const killed = startCommand('restore', [file, '--replace'], variables());
    await vi.waitUntil(() => existsSync(join(home, 'restoring', 'postgres', 'postmaster.pid')), patient);
    killed.kill('SIGKILL');
    await once(killed, 'close');
    const { url } = await start();
    await returning([url], ada.email, password);
    expect(existsSync(join(home, 'restoring'))).toBe(true);
    await stop();
    await succeed('restore', [file, '--replace'], variables());
    expect(existsSync(join(home, 'restoring'))).toBe(false);
    await returning([(await start()).url], ada.email, password);
  });
});
