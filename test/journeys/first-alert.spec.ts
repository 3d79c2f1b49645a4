import { mkdtempSync, chmodSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listQuotes } from '../support/client/index.ts';
import { parseExposition, totalOf } from '../support/exposition.ts';
import { freePorts } from '../support/free-ports.ts';
import { mailsOf } from '../support/inbox.ts';
import { newPerson, type Person } from '../support/person.ts';
import { Tocsin } from '../support/tocsin.ts';
import { eventually, firstAlert } from './first-alert.ts';

/** The first five minutes of a stranger without a network: one start, the demo, the first own alert. */
describe('a first start without a network', () => {
  let dataDir: string;
  let tocsin: Tocsin;
  let url: string;
  let inbox: string;
  let ada: Person;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'tocsin-'));
    chmodSync(dataDir, 0o711);
    const [api, page, smtp] = await freePorts(3);
    tocsin = new Tocsin({
      TOCSIN_DATA_DIR: dataDir,
      PORT: `${api}`,
      MAILBOX_PORT: `${page}`,
      MAILBOX_SMTP_PORT: `${smtp}`,
      // Nothing answers there, as on a train; only the simulated market is left.
      BINANCE_WS_URL: 'ws://127.0.0.1:9',
      BINANCE_REST_URL: 'http://127.0.0.1:9',
    });
    inbox = `http://127.0.0.1:${page}`;
    url = await tocsin.ready();
    ada = await newPerson([url], 'ada@example.org');
  });

  afterAll(async () => {
    tocsin.kill('SIGTERM');
    await tocsin.ended();
    rmSync(dataDir, { recursive: true });
  });

  it('prints the demo account, whose alert mails within half a minute', async () => {
    const { email, password } = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')) as Record<
      string,
      string
    >;
    expect(tocsin.output).toContain(`${email}  ${password}`);
    const mail = await eventually(async () => (await mailsOf(inbox, email ?? ''))[0]);
    expect(mail).toMatchObject({ subject: 'DEMO-USD reached 103', to: [email] });
  });

  it('says of a market that cannot be reached that its prices are not known', async () => {
    const { data } = await listQuotes({ ...ada, query: { symbols: 'BTC-USD,demo' }, throwOnError: true });
    expect(data.items).toMatchObject([
      { symbol: 'BTC-USD', price: null, source: 'binance', stale: true },
      {
        symbol: 'DEMO-USD',
        price: expect.stringMatching(/^\d+(\.\d+)?$/),
        source: 'simulated',
        stale: false,
      },
    ]);
  });

  it('tells on the one port what api and worker count', async () => {
    const counted: [process: string, name: string, labels?: Record<string, string>][] = [
      ['api', 'tocsin_http_request_duration_seconds', { route: '/v1/quotes', status: '200' }],
      ['worker', 'tocsin_feed_ticks_recorded_total', { source: 'simulated' }],
      ['worker', 'tocsin_evaluation_firings_total', { origin: 'live' }],
      ['worker', 'tocsin_relay_events_total', { outcome: 'relayed' }],
      ['worker', 'tocsin_queue_added_jobs_total', { queue: 'deliveries' }],
      ['worker', 'tocsin_delivery_attempts_total', { channel: 'email', outcome: 'accepted' }],
      ['api', 'tocsin_feed_symbols', { source: 'simulated', state: 'live' }],
      ['api', 'process_cpu_seconds_total'],
      ['worker', 'process_cpu_seconds_total'],
    ];
    await eventually(async () => {
      const families = parseExposition(await (await fetch(`${url}/metrics`)).text());
      const missing = counted.filter(
        ([process, name, labels]) => !(totalOf(families, name, { process, ...labels }) > 0),
      );
      expect(missing).toEqual([]);
      return true;
    });
  });

  firstAlert(() => ({ ada, inbox }));
});
