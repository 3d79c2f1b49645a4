import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Facts, readJournal, readRows } from './checker/facts.ts';
import type { Counts } from './counts.ts';
import { drain } from './drain.ts';
import { FaultLog } from './faults/fault-log.ts';
import { pausesOf, scheduleOf, type Tools } from './faults/schedule.ts';
import { ServiceFaults } from './faults/services.ts';
import { StrayJobs } from './faults/stray-jobs.ts';
import { Strikes } from './faults/strikes.ts';
import { startFleet, workerSlots, apiSlots } from './fleet.ts';
import { type Ground, inSession } from './ground.ts';
import type { Options } from './options.ts';
import { MailServers } from './post-office/mail-servers.ts';
import { Random } from './random.ts';
import { Traffic } from './traffic/traffic.ts';

export const slots = [...Object.keys(workerSlots), ...apiSlots];

/** Breaks everything for a while, lets it come to rest, and returns all that can be known of it. */
export async function run(
  ground: Ground,
  { seed, pauses, minutes }: Options,
  counts: Counts,
  begun: number,
  say: (line: string) => void,
): Promise<Facts> {
  const journal = join(ground.folder, 'journal.jsonl');
  const log = new FaultLog(join(ground.folder, 'faults.jsonl'));
  const mail = await MailServers.open(journal, seed, Object.keys(workerSlots));
  mail.be(pauses ? 'mute' : 'troubled');
  const fleet = await startFleet(ground, mail);
  const traffic = new Traffic(ground, fleet, seed);
  const strikes = new Strikes(mail, log, new Random(seed, 'strikes'));
  const strays = new StrayJobs(ground, log);
  const services = new ServiceFaults(ground, log, new Random(seed, 'services'));
  mail.onStruck = (struck) => {
    strikes.struck(struck);
    if (!pauses) traffic.deleteSoon(struck.recipients);
  };
  const tools: Tools = { fleet, strikes, services, strays };
  const spanMs = Math.max(20_000, minutes * 60_000 - (performance.now() - begun) - restMs(minutes));
  say(`everything runs; ${Math.round(spanMs / 1000)} s of faults begin`);

  const random = new Random(seed, 'faults');
  const plan = pauses ? pausesOf(counts, spanMs, random, tools) : scheduleOf(counts, spanMs, random, tools);
  const sending = traffic.run(counts, spanMs);
  const faults: Promise<unknown>[] = [];
  const start = performance.now();
  const progress = setInterval(() => say(progressOf(log, traffic, fleet.endings.length)), 10_000);
  for (const { at, begin } of plan) {
    await delay(Math.max(0, start + at - performance.now()));
    // Where everything is slow, the faults are not to be over before anything is sent.
    while (traffic.progress < at / spanMs - leadOfFaults) await delay(50);
    // Towards the end nothing is refused any more: what waits for its next try then is not what is to be shown.
    if (!pauses && at > spanMs * (minutes < 3 ? 0.7 : 0.9)) mail.be('calm');
    faults.push(begin());
  }
  await Promise.all(faults);
  const lastFault = Date.now();
  await sending;
  clearInterval(progress);
  mail.be('calm');
  say('nothing is broken any more');

  await traffic.finish();
  const drainedAfterMs = await drain(ground, lastFault, say);
  await traffic.askAgain();
  await delay(1_000);
  const rows = await inSession(ground.postgres.url, readRows);
  fleet.end();
  mail.close();
  strays.close();
  const facts: Facts = {
    sendings: traffic.sendings,
    journal: readJournal(journal),
    faults: log.faults,
    endings: fleet.endings,
    statuses: traffic.client.answers,
    errors: traffic.errors,
    ...rows,
    drainedAfterMs,
  };
  writeFileSync(join(ground.folder, 'facts.json'), JSON.stringify(facts));
  return facts;
}

/** How much of the span the faults may be ahead of the sendings. */
const leadOfFaults = 0.05;

/** Kept for coming to rest, and for the checker. */
const restMs = (minutes: number): number => (minutes < 3 ? 14_000 : 40_000);

function progressOf(log: FaultLog, { sendings }: Traffic, ended: number): string {
  const kinds = [...new Set(log.faults.map(({ kind }) => kind))].map((kind) => `${kind} ${log.count(kind)}`);
  return `${sendings.length} sendings; processes ended ${ended}; ${kinds.join(', ')}`;
}
