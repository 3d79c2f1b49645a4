import { describe } from 'vitest';
import { killAt, someCases } from './kill-at-points.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000));

describe(`a process that is killed at a point (SEED=${seed})`, () => {
  killAt(someCases(3, seed));
});
