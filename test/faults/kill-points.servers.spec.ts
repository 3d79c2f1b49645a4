import { describe } from 'vitest';
import { scaled } from '../support/scale.ts';
import { cases, killAt, someCases } from './kill-at-points.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000));

describe(`a process that is killed at a point (SEED=${seed})`, () => {
  killAt(scaled(0, 1) === 1 ? cases : someCases(3, seed));
});
