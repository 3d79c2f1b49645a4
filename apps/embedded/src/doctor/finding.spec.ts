import { describe, expect, it } from 'vitest';
import { examine, failed, ok, warn } from './finding.ts';

describe('the report of the doctor', () => {
  it('says what was found in order, what to do below it, and how often', async () => {
    const lines: string[] = [];
    const counts = await examine(
      [
        { subject: 'Postgres', look: async () => [ok('15.4 at db:5432'), warn('no room', 'Make some.')] },
        { subject: 'mail', look: () => [failed('refuses us (554)', 'Ask them.')] },
      ],
      (line) => lines.push(line),
    );
    expect(lines).toEqual([
      'ok    Postgres  15.4 at db:5432',
      'warn  Postgres  no room',
      '                -> Make some.',
      'FAIL  mail      refuses us (554)',
      '                -> Ask them.',
    ]);
    expect(counts).toEqual({ ok: 1, warn: 1, FAIL: 1 });
  });

  it('does not wait for what hangs, and loses nothing to what breaks', async () => {
    const lines: string[] = [];
    await examine(
      [
        { subject: 'a', look: () => new Promise(() => {}) },
        { subject: 'b', look: () => Promise.reject(new Error('no way to ada:canary@db')) },
        { subject: 'c', look: () => [ok('well')] },
      ],
      (line) => lines.push(line),
      50,
    );
    expect(lines.filter((line) => !line.includes('->'))).toEqual([
      'FAIL  a  nothing came of it for 0.05 s',
      'FAIL  b  could not be looked at: no way to [redacted]',
      'ok    c  well',
    ]);
  });
});
