import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { DeliveryHoldModule, deliveryPersistence, FindHold, type Hold, ReleaseSending } from '#libs/delivery';
import { type Config, loadConfig } from '#platform/config';
import { platformModules } from '#platform/lifecycle';
import { openPostgres } from '#platform/postgres-server';
import { waitForTables } from '#platform/services';
import { print, runCommand, settingsFor, timeText } from './command.ts';
import { contexts } from './contexts.ts';

/** What the waiting messages are, as they are listed. */
const kinds = { account: 'about accounts', alert: 'of alerts', notification: 'written' } as const;

/** `npm run release [-- --send | --discard]`: shows what waits while sending is held, and ends that. */
await runCommand(async (signal) => {
  const { values } = parseArgs({ options: { send: { type: 'boolean' }, discard: { type: 'boolean' } } });
  if (values.send && values.discard) throw new Error('Choose one of --send and --discard.');
  const given = loadConfig({ ...process.env, TOCSIN_PROFILE: 'embedded' });
  const database = given.databaseUrl === null ? await openPostgres(given.dataDir) : undefined;
  const settings = database ? settingsFor(database.url) : given;
  try {
    // Each of its transactions may be the last: sending is held until all of it is done.
    await Promise.race([release(settings, database?.ran ?? true, values), interrupted(signal)]);
  } finally {
    await database?.close();
  }
});

async function interrupted(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort');
  throw signal.reason;
}

async function release(
  config: Config,
  runs: boolean,
  { send, discard }: { send?: boolean; discard?: boolean },
): Promise<void> {
  await waitForTables(config, contexts);
  const module = {
    module: DeliveryHoldModule,
    imports: platformModules(config, 'release', [deliveryPersistence]),
  };
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  try {
    const hold = await app.get(QueryBus).execute(new FindHold());
    if (!hold) return print('Sending is not held.');
    for (const line of describe(hold)) print(line);
    if (!runs) print('Tocsin does not run: what the backup still owed becomes messages only once it does.');
    if (!send && !discard) return;
    const order = new ReleaseSending(discard ? 'discard' : 'send', runs ? undefined : 0);
    const count = await app.get(CommandBus).execute(order);
    const outcome = discard ? `${count === 1 ? 'was' : 'were'} discarded` : 'can be sent now';
    print(`Sending is released. ${messages(count)} ${outcome}.`);
  } finally {
    await app.close();
  }
}

function messages(count: number): string {
  return `${count.toLocaleString('en')} message${count === 1 ? '' : 's'}`;
}

function describe({ since, reason, waiting }: Hold): string[] {
  const head = `Sending is held since ${timeText(since)}: ${reason}.`;
  const next = 'npm run release -- --send sends what waits; npm run release -- --discard cancels it first.';
  if (waiting.length === 0) return [head, 'Nothing waits.', next];
  const table = [
    ['waiting messages', 'last hour', 'last 24 h', 'older', 'oldest'],
    ...waiting.map(({ kind, beforeHold, lastHour, lastDay, older, oldest }) => [
      `${kinds[kind]}, ${beforeHold ? 'made before (in the backup)' : 'made since'}`,
      ...[lastHour, lastDay, older].map((count) => count.toLocaleString('en')),
      timeText(oldest),
    ]),
  ];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const rows = table.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  const tainted = waiting.reduce((sum, group) => sum + group.tainted, 0);
  return [
    head,
    '',
    ...rows.map((row) => `  ${row}`),
    '',
    'What was made before may have been sent after the backup was taken; alerts that were reached since then fire again.',
    ...(tainted > 0 ? [`${messages(tainted)} of them had been tried before, with an unknown outcome.`] : []),
    next,
  ];
}
