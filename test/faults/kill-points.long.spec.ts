import { describe } from 'vitest';
import { cases, killAt } from './kill-at-points.ts';

describe('a process that is killed at a point, with the queue on Postgres', () => {
  killAt(cases);
});
