import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startMailbox } from '../../apps/mailbox/src/mailbox.ts';
import { type BinanceServer, startBinanceServer } from '../support/binance-server/server.ts';
import { tradesOf } from '../support/binance-server/trade.ts';
import { getQuote } from '../support/client/index.ts';
import { createDatabase } from '../support/database.ts';
import { startDebianPostgres } from '../support/debian-postgres.ts';
import { newPerson, type Person, returning } from '../support/person.ts';
import { startRedis } from '../support/redis-server.ts';
import { Awaiting } from './awaiting.ts';
import { Fleet } from './fleet.ts';
import { Outcome } from './outcome.ts';
import { Traffic } from './traffic.ts';
import { checkOut, lastRelease, thisVersion, type Version } from './version.ts';

/**
 * Commits to deploy from, comma-separated; by default the last release. Before there is one: the state before the
 * server profile, which knows no Redis, and one that knows Redis and lacks some migrations.
 */
const olderOnes =
  process.env['TEST_DEPLOY_FROM']?.split(',') ?? [lastRelease() ?? ['bd376d2', '89d28b4']].flat();

/** How long each state of the deploy is left as it is. */
const restMs = 10_000;
const people = 6;

describe.each(olderOnes)('a deploy from %s while people use it', (commit) => {
  const closing: (() => unknown)[] = [];
  const began = performance.now();
  let exchange: BinanceServer;
  let variables: Record<string, string>;
  let databaseUrl: string;
  let inbox: string;
  let price: number;

  const tell = (what: string) =>
    process.stdout.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${what}\n`);

  beforeEach(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-deploy-run-'));
    closing.push(() => rmSync(folder, { recursive: true }));
    const postgres = await startDebianPostgres();
    closing.push(() => postgres.close());
    databaseUrl = (await createDatabase(postgres.url)).url;
    const redis = await startRedis();
    closing.push(() => redis.close());
    const mailbox = await startMailbox({ httpPort: 0, smtpPort: 0, directory: folder, limit: 100_000 });
    closing.push(() => mailbox.close());
    inbox = `http://127.0.0.1:${mailbox.httpPort}`;
    // Each trade one dollar above the one before: every alert above the price is reached, at its very level.
    const prices = Array.from({ length: 50_000 }, (_, index) => 20_000 + index);
    exchange = await startBinanceServer({ trades: tradesOf('BTCUSDT', prices), speed: 'step' });
    closing.push(() => exchange.close());
    variables = {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      JWT_SECRET: 'a signing secret of this test only',
      ENCRYPTION_KEY: 'an encryption key of this test only',
      SMTP_URL: `smtp://127.0.0.1:${mailbox.smtpPort}`,
      MAIL_FROM: 'Tocsin <alerts@example.org>',
      EMAIL_VERIFICATION: 'off',
      MARKET_FEEDS: 'binance',
      MARKET_SYMBOLS: 'BTC-USD',
      BINANCE_WS_URL: exchange.wsUrl,
      BINANCE_REST_URL: exchange.restUrl,
      HOST: '127.0.0.1',
      RATE_LIMIT: 'off',
    };
  });
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  it(
    'answers every request, mails what fired once, and sends nothing that was deleted',
    { timeout: 900_000 },
    async () => {
      const older = checkOut(commit);
      const newer = thisVersion();
      const fleet = await Fleet.on(variables);
      closing.push(() => fleet.kill());
      const { url } = fleet.balancer;
      await fleet.migrate(older);
      await Promise.all([1, 2].flatMap(() => [fleet.startApi(older), fleet.startWorker(older)]));
      trade();
      const market = setInterval(trade, 125);
      closing.push(() => clearInterval(market));
      const persons = await Promise.all(
        Array.from({ length: people }, (_, index) => newPerson([url], `p${index}@example.org`)),
      );
      await tradesAreLive(persons[0]!);
      const traffic = persons.map((person) => new Traffic(person, () => price, older.repeats));
      closing.push(() => Promise.all(traffic.map((one) => one.stop())));
      tell(`two apis and two workers of ${older.name} work`);
      await pause(restMs);

      /** One of each kind after the other, the new one before the old one ends. */
      const replace = async (old: Version, next: Version) => {
        await fleet.startApi(next);
        await fleet.stopApi(old);
        await fleet.startWorker(next);
        await fleet.stopWorker(old);
        tell(`an api and a worker of ${old.name} have been replaced by ones of ${next.name}`);
      };
      /** Uses what the newer version brought, while both run. */
      const rest = async () => {
        const api = fleet.apis.find(({ version }) => version === newer);
        if (api) {
          const at = await Promise.all(
            persons.map(({ email }) => returning([api.url], email, 'correct horse battery staple')),
          );
          await Promise.all(traffic.map((one, index) => one.edit(at[index]!)));
        }
        await pause(restMs);
      };

      await fleet.migrate(newer);
      tell('migrated');
      const awaiting = new Awaiting(databaseUrl);
      closing.push(() => awaiting.stop());
      await rest();
      const mixed = performance.now();
      await replace(older, newer);
      await rest();
      await replace(newer, older);
      tell('rolled back');
      await rest();
      await replace(older, newer);
      await rest();
      await replace(older, newer);
      tell(
        `both versions ran for ${((performance.now() - mixed) / 1000).toFixed(0)} s, most of it side by side`,
      );
      await rest();
      await Promise.all(traffic.map((one) => one.stop()));
      clearInterval(market);
      // Now everything is reached that is set.
      for (let left = 150; left > 0; left -= 1) trade();

      const outcome = new Outcome(databaseUrl, inbox, traffic);
      await outcome.settled();
      await awaiting.stop();
      await fleet.stop();
      tell(`${await outcome.figures()}; up to ${awaiting.most} events waited for the other version`);
      expect(outcome.unexpectedAnswers).toEqual([]);
      await outcome.expectAllAsAsked();
    },
  );

  function trade(): void {
    const [played] = exchange.advance();
    price = Number(played?.price);
  }

  const tradesAreLive = (person: Person) =>
    vi.waitFor(
      async () => {
        const { data } = await getQuote({ ...person, path: { symbol: 'btc' } });
        expect(data?.stale).toBe(false);
      },
      { timeout: 30_000, interval: 200 },
    );
});
