import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BackgroundLoad } from '../support/background-load.ts';
import { type BinanceServer, startBinanceServer } from '../support/binance-server/server.ts';
import { tradesOf } from '../support/binance-server/trade.ts';
import {
  createAlert,
  deleteAlert,
  getAlert,
  getQuote,
  listAlerts,
  editAlert,
} from '../support/client/index.ts';
import { Installation } from '../support/installation.ts';
import { newPerson, type Person, returning } from '../support/person.ts';
import { scaled } from '../support/scale.ts';
import { eventually } from './first-alert.ts';

const rounds = scaled(20, 1_000);

describe('two apis on one Postgres and one Redis, under load', () => {
  let exchange: BinanceServer;
  let installation: Installation;
  /** The same person, once at each api. */
  let here: Person;
  let there: Person;
  let loads: BackgroundLoad[];
  /** Of the last trade; each is one higher than the one before. */
  let price: number;

  beforeAll(async () => {
    // Besides one for each round as many as are traded until the workers have started, however long that takes.
    const prices = Array.from({ length: rounds + 1_000 }, (_, index) => 90_000 + index);
    exchange = await startBinanceServer({ trades: tradesOf('BTCUSDT', prices), speed: 'step' });
    installation = await Installation.start({
      MARKET_FEEDS: 'binance',
      MARKET_SYMBOLS: 'BTC-USD',
      BINANCE_WS_URL: exchange.wsUrl,
      BINANCE_REST_URL: exchange.restUrl,
      RATE_LIMIT: 'off',
      HOST: '127.0.0.1',
    });
    installation.worker();
    installation.worker();
    const [first = '', second = ''] = installation.urls;
    here = await newPerson([first], 'ada@example.org');
    there = await returning([second], 'ada@example.org', 'correct horse battery staple');
    loads = await Promise.all(
      ['grace', 'edsger', 'barbara', 'alan'].map(
        async (name) => new BackgroundLoad(await newPerson(installation.urls, `${name}@example.org`), 5),
      ),
    );
    // Only a live trade is a reference from which the next one reaches a target.
    await eventually(async () => {
      trade();
      const { data } = await getQuote({ ...here, path: { symbol: 'btc' } });
      return data?.stale === false;
    });
  });
  afterAll(async () => {
    await Promise.all(loads.map((load) => load.stop()));
    await installation.stop();
    await exchange.close();
  });

  it(`show an own write in the list at once and a firing within a second, ${rounds} times`, async () => {
    const late: string[] = [];
    const delays: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const target = String(price + 1);
      const { data: alert } = await createAlert({
        ...here,
        body: { symbol: 'btc', target },
        throwOnError: true,
      });
      if ((await newest()).id !== alert.id) late.push(`round ${round}: created`);
      trade();
      await eventually(async () => (await statusOf(alert.id)) === 'triggered');
      const began = performance.now();
      await eventually(async () => (await newest()).status === 'triggered');
      delays.push(performance.now() - began);

      const body = { symbol: 'btc', target: '1' };
      const { data: doomed } = await createAlert({ ...there, body, throwOnError: true });
      await deleteAlert({ ...here, path: { id: doomed.id }, throwOnError: true });
      const { id, status } = await newest();
      if (id !== doomed.id || status !== 'deleted') late.push(`round ${round}: deleted`);
    }
    const reports = await Promise.all(loads.map((load) => load.stop()));
    const requests = reports.flatMap(({ statuses }) => Object.values(statuses)).reduce((a, b) => a + b, 0);
    delays.sort((a, b) => a - b);
    const [median = 0, longest = 0] = [delays[Math.floor(rounds / 2)], delays.at(-1)];
    process.stdout.write(
      `${rounds} rounds beside ${requests} requests: ${late.length} own writes late; a firing is in the list ` +
        `after ${median.toFixed(0)} ms (median), ${longest.toFixed(0)} ms (longest).\n`,
    );
    expect(late).toEqual([]);
    expect(delays.filter((ms) => ms > 1_000)).toEqual([]);
  });

  it('make one resource of 200 identical requests with one key', async () => {
    const body = { symbol: 'btc', target: '123456' };
    const headers = { 'Idempotency-Key': crypto.randomUUID() };
    const requests = Array.from({ length: 200 }, (_, index) =>
      createAlert({ ...(index % 2 ? here : there), body, headers, throwOnError: false }),
    );
    const answers = await Promise.all(requests);
    const statuses = Object.groupBy(answers, ({ response }) => String(response?.status));
    const counts = Object.entries(statuses).map(([status, list]) => `${list?.length} answered ${status}`);
    process.stdout.write(`200 identical requests: ${counts.join(', ')}.\n`);
    expect(Object.keys(statuses).filter((status) => !['201', '409'].includes(status))).toEqual([]);
    const again = await createAlert({ ...there, body, headers, throwOnError: true });
    expect(new Set([again, ...(statuses['201'] ?? [])].map(({ data }) => data?.id)).size).toBe(1);
    const { data } = await listAlerts({
      ...here,
      query: { status: 'active', per_page: 100 },
      throwOnError: true,
    });
    expect(data.items.filter(({ condition }) => condition.value === '123456')).toHaveLength(1);
  });

  it('let one of two edits of the same version win', async () => {
    const body = { symbol: 'btc', target: '654321' };
    const { data: alert, response } = await createAlert({ ...here, body, throwOnError: true });
    let tag = response.headers.get('etag') ?? '';
    for (let round = 0; round < scaled(10, 200); round += 1) {
      const edits = [here, there].map((person, index) =>
        editAlert({
          ...person,
          path: { id: alert.id },
          body: { note: `edit ${round} by ${index}` },
          headers: { 'If-Match': tag },
          throwOnError: false,
        }),
      );
      const answers = await Promise.all(edits);
      const statuses = answers.map((answer) => answer.response?.status);
      expect(new Set(statuses)).toEqual(new Set([200, 412]));
      tag = answers[statuses.indexOf(200)]?.response?.headers.get('etag') ?? '';
    }
  });

  function trade(): void {
    const [played] = exchange.advance();
    if (!played) throw new Error('Everything has been traded.');
    price = Number(played.price);
  }

  const statusOf = async (id: string) =>
    (await getAlert({ ...here, path: { id }, throwOnError: true })).data.status;

  /** The first of the list at the other api. */
  async function newest() {
    const { data } = await listAlerts({ ...there, query: { per_page: 1 }, throwOnError: true });
    const [alert] = data.items;
    if (!alert) throw new Error('The list is empty.');
    return alert;
  }
});
