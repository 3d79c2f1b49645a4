import pLimit from 'p-limit';
import { requireSpin, search } from './search.ts';
import { nameOf, variants } from './variants.ts';

// `npm run model`: every variant of the models, two at a time; with `--quick` those that take seconds, with names those
// that have one of them.

const twoAtOnce = pLimit(2);
const words = process.argv.slice(2);
const names = words.filter((word) => word !== '--quick');
const quick = words.length > names.length;
const chosen = variants.filter(
  ({ long, flags }) => !(quick && long) && (names.length === 0 || flags.some((flag) => names.includes(flag))),
);
const began = performance.now();
let searched = 0;
let wrong = 0;

await requireSpin();
await assertCutShortIsSeen();
await Promise.all(chosen.map((variant) => twoAtOnce(() => tell(variant))));
const minutes = ((performance.now() - began) / 60_000).toFixed(1);
const states = searched.toLocaleString('en');
say(`\nmodel: ${chosen.length - wrong} passed, ${wrong} failed; ${states} states in ${minutes} min`);
process.exitCode = wrong > 0 || chosen.length === 0 ? 1 : 0;

/** A search that saw only the first states must not look like one that saw all of them. */
async function assertCutShortIsSeen(): Promise<void> {
  const { result } = await search({ model: 'outbox', flags: [], expected: 'holds' }, 20);
  if (!result.includes('max search depth')) throw new Error(`A search that was cut short said: ${result}`);
}

async function tell(variant: (typeof variants)[number]): Promise<void> {
  const { result, states, seconds } = await search(variant);
  const asExpected = result === variant.expected;
  if (!asExpected) wrong += 1;
  searched += states;
  const expected = asExpected ? '' : `  EXPECTED ${variant.expected}`;
  const figures = `${states.toLocaleString('en').padStart(11)} states ${seconds.toFixed(1).padStart(6)} s`;
  say(`${result.padEnd(6)} ${figures}  ${nameOf(variant)}${expected}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
