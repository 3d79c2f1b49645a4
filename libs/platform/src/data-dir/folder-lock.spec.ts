import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from './folder-lock.ts';
import { startOf } from './processes.ts';

describe('the lock of a folder', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'tocsin-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps a second holder out and names the first', () => {
    const lock = lockFolder(folder, 'lock');
    expect(() => lockFolder(folder, 'lock')).toThrow(`already running (process ${process.pid})`);
    lock.release();
    expect(lockFolder(folder, 'lock').tookOver).toBe(false);
  });

  it('is taken over from a process that is gone', async () => {
    const gone = spawn(process.execPath, ['-e', '']);
    const { pid = 0 } = gone;
    const start = startOf(pid);
    await once(gone, 'exit');
    writeFileSync(join(folder, 'lock'), `${pid} ${start}\n`);
    expect(lockFolder(folder, 'lock').tookOver).toBe(true);
    expect(readdirSync(folder)).toEqual(['lock']);
  });

  it('is taken over when its process id now belongs to another process', () => {
    writeFileSync(join(folder, 'lock'), `${process.pid} before the machine restarted\n`);
    expect(lockFolder(folder, 'lock').tookOver).toBe(true);
  });

  it('is not removed by a holder that has lost it', () => {
    const lock = lockFolder(folder, 'lock');
    writeFileSync(join(folder, 'lock'), '1 of another process\n');
    lock.release();
    expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe('1 of another process\n');
    writeFileSync(join(folder, 'lock'), lock.content);
    lock.release();
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });
});
