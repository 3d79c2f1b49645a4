import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { finishRestore, type Swap, swap } from './swap.ts';

describe('putting a restored database in its place', () => {
  let folder: string;
  let plan: Swap;
  const at = (...path: string[]): string => join(folder, ...path);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tocsin-swap-'));
    for (const [database, owner] of [
      [at('postgres'), 'old'],
      [at('restoring', 'postgres'), 'new'],
    ] as const) {
      mkdirSync(database, { recursive: true });
      writeFileSync(join(database, 'whose'), owner);
    }
    writeFileSync(at('secrets.json'), 'old');
    writeFileSync(at('restoring', 'secrets.json'), 'new');
    writeFileSync(at('restoring', 'postgres.lock'), '');
    plan = {
      moves: [
        [at('postgres'), at('replaced', 'postgres')],
        [at('secrets.json'), at('replaced', 'secrets.json')],
        [at('restoring', 'secrets.json'), at('secrets.json')],
        [at('restoring', 'demo.json'), at('demo.json')],
        [at('restoring', 'postgres'), at('postgres')],
      ],
      leftovers: [at('restoring')],
    };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const whose = (...path: string[]): string => readFileSync(at(...path), 'utf8');
  function expectDone(): void {
    expect(readdirSync(folder).toSorted()).toEqual(['postgres', 'replaced', 'secrets.json']);
    expect([whose('postgres', 'whose'), whose('secrets.json')]).toEqual(['new', 'new']);
    expect([whose('replaced', 'postgres', 'whose'), whose('replaced', 'secrets.json')]).toEqual([
      'old',
      'old',
    ]);
  }

  it('moves the old one aside and the new one in, and leaves nothing else', () => {
    swap(folder, plan);
    expectDone();
  });

  it.each([0, 1, 2, 3, 4, 5])('is finished by the next start when it was killed after %i moves', (moved) => {
    writeFileSync(at('restore.json'), JSON.stringify(plan));
    for (const [from, to] of plan.moves.slice(0, moved)) {
      mkdirSync(dirname(to), { recursive: true });
      if (existsSync(from)) renameSync(from, to);
    }
    finishRestore(folder);
    expectDone();
  });

  it('does nothing where no restore was interrupted', () => {
    finishRestore(folder);
    expect(whose('postgres', 'whose')).toBe('old');
  });
});
