import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createdOnce } from './created-once.ts';

const shape = z.object({ key: z.string() });

describe('a file created once', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tocsin-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps its first content, for its owner only', () => {
    const file = join(folder, 'secrets.json');
    expect(createdOnce(file, shape, () => ({ key: 'first' }))).toEqual({ key: 'first' });
    expect(createdOnce(file, shape, () => ({ key: 'second' }))).toEqual({ key: 'first' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is never replaced when it is damaged', () => {
    const file = join(folder, 'secrets.json');
    for (const damage of ['', '{"key": "fi', '{"door": "first"}']) {
      writeFileSync(file, damage);
      expect(() => createdOnce(file, shape, () => ({ key: 'second' }))).toThrow(`${file} cannot be read`);
      expect(readFileSync(file, 'utf8')).toBe(damage);
    }
  });
});
