import { setTimeout as delay } from 'node:timers/promises';
import type { Counts } from '../counts.ts';
import type { Fleet } from '../fleet.ts';
import type { Stage } from '../post-office/messages.ts';
import type { Random } from '../random.ts';
import type { Supervised } from '../supervised.ts';
import type { ServiceFaults } from './services.ts';
import type { StrayJobs } from './stray-jobs.ts';
import type { Strikes } from './strikes.ts';

export interface Planned {
  /** Milliseconds after the beginning. */
  readonly at: number;
  readonly begin: () => Promise<unknown>;
}

export interface Tools {
  readonly fleet: Fleet;
  readonly strikes: Strikes;
  readonly services: ServiceFaults;
  readonly strays: StrayJobs;
}

const strayJobsAtOnce = 5;
/** A few more than must be shown: now and then nobody is there to be struck. */
const some = (count: number): number => Math.ceil(count * 1.06);

/** Everything that will be broken within the span, each kind spread over all of it. */
export function scheduleOf(counts: Counts, spanMs: number, random: Random, tools: Tools): Planned[] {
  const { fleet, strikes, services, strays } = tools;
  const { workers, senders, apis } = fleet;
  const spread = (count: number, begin: (index: number) => Promise<unknown>): Planned[] =>
    random.moments(count, spanMs).map((at, index) => ({ at, begin: () => begin(index) }));
  const kill = (index: number) => {
    const stage = stageOfKill(index);
    return strikes.kill(stage ? senders : workers, stage);
  };
  const cut = async (index: number) => {
    let done = false;
    if (index % 2 > 0) {
      // A worker that does not hear of it until it goes on.
      const stage = random.pick<Stage>(['recipient', 'data', 'dot']);
      await strikes.hold(senders, stage, random.between(2_500, 5_000), async ({ name }) => {
        done = await services.cutLock([name], 1_000);
      });
    }
    // Also when that one had none, because Postgres was away.
    return done || services.cutLock(senders.map(({ name }) => name));
  };
  const hold = (index: number) => {
    const stage =
      index % 2 > 0 ? random.pick<Stage>(['recipient', 'data', 'dot', 'accepted', 'answered']) : null;
    return strikes.hold(stage ? senders : workers, stage, random.between(2_000, 5_000));
  };
  return [
    ...spread(some(counts.workerKills), kill),
    ...spread(some(counts.cutLocks), cut),
    ...spread(some(counts.pauses), hold),
    ...spread(counts.postgresStops, () => services.stopPostgres()),
    ...spread(counts.redisKills, () => services.killRedis()),
    ...spread(counts.redisFlushes, () => services.flushRedis()),
    ...spread(some(counts.apiKills), () => killOne(apis, random)),
    ...spread(Math.ceil(some(counts.strayJobs) / strayJobsAtOnce), () => strays.add(strayJobsAtOnce)),
  ].sort((one, other) => one.at - other.at);
}

/** Once the others run. */
async function killOne(apis: readonly Supervised[], random: Random): Promise<void> {
  while (apis.some(({ ready }) => !ready)) await delay(50);
  random.pick(apis).kill();
}

/** Where each of ten kills strikes: four between the dot and the commit, three earlier in a hand-over, three anywhere. */
function stageOfKill(index: number): Stage | null {
  const stages: readonly (Stage | null)[] = [
    'dot',
    'recipient',
    null,
    'answered',
    'data',
    null,
    'accepted',
    'data',
    null,
    'answered',
  ];
  return stages[index % stages.length] ?? null;
}

/** Workers are held, and nothing else: most for some seconds, some for longer than anything of ours waits. */
export function pausesOf(
  counts: Counts,
  spanMs: number,
  random: Random,
  { fleet, strikes }: Tools,
): Planned[] {
  return random.moments(some(counts.pauses), spanMs).map((at, index) => ({
    at,
    begin: () => {
      const stage = index % 2 > 0 ? random.pick<Stage>(['recipient', 'data', 'dot', 'answered']) : null;
      const ms = random.chance(0.15) ? random.between(10_000, 25_000) : random.between(1_000, 6_000);
      // Seldom those that the others wait for: there is to be something to hand over.
      return strikes.hold(index % 10 === 0 ? fleet.workers : fleet.senders, stage, ms);
    },
  }));
}
