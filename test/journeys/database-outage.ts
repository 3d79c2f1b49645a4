import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { BackgroundLoad } from '../support/background-load.ts';
import { getAlert, getNotification } from '../support/client/index.ts';
import type { DebianPostgres } from '../support/debian-postgres.ts';
import type { Mail } from '../support/inbox.ts';
import { newPerson } from '../support/person.ts';
import { expectEachFiredAsTheOracleSays, RecordedMarket } from './recorded-market.ts';

/** Ways in which Postgres goes away, each with its end. */
export const outages = {
  'a fast shutdown': [(postgres) => postgres.stop('SIGINT'), (postgres) => postgres.start()],
  'a crash': [(postgres) => postgres.stop('SIGKILL'), (postgres) => postgres.start()],
  silence: [(postgres) => postgres.hold(), (postgres) => postgres.resume()],
} as const satisfies Record<
  string,
  readonly [begin: (postgres: DebianPostgres) => unknown, end: (postgres: DebianPostgres) => unknown]
>;
export type Outage = keyof typeof outages;

const clients = 8;

/**
 * Two apis and two workers under load while the recording is played, with these outages of `seconds` each spread
 * over it: 503s and nothing worse meanwhile, every 2xx kept, every alert fired and mailed, nobody restarted.
 */
export async function expectToOutlast(
  kinds: readonly Outage[],
  seconds: number,
  speed: number,
): Promise<void> {
  const market = await RecordedMarket.start(speed, { ownPostgres: true });
  const { installation, exchange } = market;
  installation.worker();
  installation.worker();
  // One that is still starting when Postgres goes away gives up, and nobody starts it again here.
  await expect.poll(() => installation.output.match(/Watching /g), { timeout: 60_000 }).toHaveLength(2);
  const alerts = await market.alertsAboveAndBelow();
  const persons = await Promise.all(
    Array.from({ length: clients }, (_, index) => newPerson(installation.urls, `client${index}@example.org`)),
  );
  const { running } = installation;
  // All of them come from one address, which may make 100 requests a second.
  const loads = persons.map((person) => new BackgroundLoad(person, clients * 15));

  exchange.start();
  for (const [index, kind] of kinds.entries()) {
    await market.played((index + 0.5) / (kinds.length + 1));
    const [begin, end] = outages[kind];
    await begin(installation.postgres);
    await delay(seconds * 1000);
    await end(installation.postgres);
  }
  await exchange.finished;
  await expectEachFiredAsTheOracleSays(market, alerts, () => onceEach(installation.mails()));

  const reports = await Promise.all(loads.map((load) => load.stop()));
  const statuses: Record<string, number> = {};
  for (const report of reports) {
    for (const [status, count] of Object.entries(report.statuses)) {
      statuses[status] = (statuses[status] ?? 0) + count;
    }
  }
  const created = reports.flatMap(({ created, alerts }) => [...created, ...alerts]).length;
  process.stdout.write(
    `${kinds.join(', ')}, ${seconds} s each: answers ${JSON.stringify(statuses)}, ${created} created\n`,
  );
  expect(Object.keys(statuses).sort()).toEqual(['200', '201', '503']);
  for (const [index, report] of reports.entries()) {
    const person = persons[index]!;
    for (const id of report.created) await getNotification({ ...person, path: { id }, throwOnError: true });
    for (const id of report.alerts) await getAlert({ ...person, path: { id }, throwOnError: true });
  }
  expect(installation.running).toEqual(running);
  await market.stop();
}

/** A mail that was being handed over when Postgres was lost may have been sent again, under the id that it had. */
async function onceEach(mails: Promise<Mail[]>): Promise<Mail[]> {
  return [...new Map((await mails).map((mail) => [mail.messageId, mail])).values()];
}
