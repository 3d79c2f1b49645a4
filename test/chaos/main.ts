import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { storyOf } from './checker/story.ts';
import { heldBy, summaryOf } from './checker/summary.ts';
import { violationsOf } from './checker/rules.ts';
import { type Counts, countsOf, pausesOnly } from './counts.ts';
import { prepareGround } from './ground.ts';
import { readOptions } from './options.ts';
import { run, slots } from './run.ts';

// `npm run chaos`: breaks everything that a delivery stands on, and checks what came of it.

const begun = performance.now();
const options = readOptions(process.argv.slice(2));
const { seed, plant, pauses, minutes } = options;
const say = (line: string): void => {
  process.stdout.write(`${((performance.now() - begun) / 1000).toFixed(1).padStart(7)} s  ${line}\n`);
};
const wanted = pauses ? pausesOnly(minutes) : countsOf(minutes);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const ground = await prepareGround(slots, plant);
say(`seed ${seed}${plant ? `, planted: ${plant}` : ''}; all of it in ${ground.folder}`);
let good = false;
try {
  const facts = await run(ground, options, wanted, begun, say);
  const violations = violationsOf(facts, pauses);
  const summary = summaryOf(facts, wanted, violations);
  writeFileSync(join(ground.folder, 'violations.json'), JSON.stringify(violations, null, 1));
  process.stdout.write(`\nSeed ${seed}, ${minutes} minutes\n${summary}\n`);
  for (const { rule, what, deliveryId } of violations.slice(0, 12)) {
    process.stdout.write(`\n${rule}: ${what}\n${deliveryId ? `${storyOf(facts, deliveryId)}\n` : ''}`);
  }
  good = judge(violations.length, heldBy(facts));
} finally {
  await ground.close();
}
say(good ? 'as it should be' : `NOT as it should be; everything is kept in ${ground.folder}`);
if (good) await rm(ground.folder, { recursive: true });
process.exit(good ? 0 : 1);

/** A planted fault has to be found, and a run that held less than it must proves nothing. */
function judge(violations: number, held: Counts): boolean {
  if (plant) {
    process.stdout.write(violations > 0 ? `\nfound: ${plant}\n` : `\n${plant} was NOT found\n`);
    return violations > 0;
  }
  const missing = Object.entries(wanted).filter(([name, count]) => held[name as keyof Counts] < count);
  for (const [name, count] of missing) process.stdout.write(`\nToo few ${name}: ${count} were wanted.\n`);
  return violations === 0 && missing.length === 0;
}
