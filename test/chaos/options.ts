import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { isPlant, type Plant, plants } from './plants.ts';

export interface Options {
  readonly minutes: number;
  /** Decides what is sent, deleted and broken, and when; not how the processes are scheduled meanwhile. */
  readonly seed: string;
  /** Only hold workers for a while (Must show 2). */
  readonly pauses: boolean;
  /** A fault to be put into Tocsin, which the checker has to find. */
  readonly plant: Plant | null;
}

/** @throws Error naming what cannot be meant */
export function readOptions(given: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...given],
    options: {
      minutes: { type: 'string', default: '15' },
      seed: { type: 'string', default: String(randomInt(1_000_000)) },
      pauses: { type: 'boolean', default: false },
      plant: { type: 'string' },
    },
  });
  const { seed, pauses, plant = null } = values;
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 120)) throw new Error('--minutes is a number up to 120.');
  if (plant !== null && !isPlant(plant)) throw new Error(`--plant is one of ${plants.join(', ')}.`);
  return { minutes, seed, pauses, plant };
}
