import type { INestApplicationContext } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigurationError, loadConfig } from '../config/index.ts';
import { run } from './run.ts';

describe('a process', () => {
  const printed: string[] = [];
  const started = vi.fn<() => Promise<void>>();
  const exit = vi.fn<(code?: number | string | null) => never>();
  const tell = vi.fn<() => boolean>();
  const watchProcess = vi.fn<() => void>();
  const shutdownHooks = vi.fn<(...options: unknown[]) => void>();
  const { send } = process;

  const log = vi.fn<(text: string, context: string) => void>();
  const app = {
    get: () => ({ watchProcess, log }),
    useLogger: () => undefined,
    enableShutdownHooks: shutdownHooks,
  } as unknown as INestApplicationContext;
  const runApp = () => run(() => Promise.resolve(app), started);

  beforeEach(() => {
    vi.resetAllMocks();
    printed.length = 0;
    started.mockResolvedValue();
    vi.spyOn(process, 'exit').mockImplementation(exit);
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
    process.send = tell;
  });

  afterEach(() => {
    if (send) process.send = send;
    else delete process.send;
    vi.restoreAllMocks();
  });

  it('with bad settings prints a line for each and fails before anything starts', async () => {
    await run(() => {
      loadConfig({ PORT: 'eighty', JWT_SECRET: 'canary' });
      return Promise.resolve(app);
    }, started);
    expect(printed.join('')).toMatch(/^PORT: .*\nJWT_SECRET: .*\n$/);
    expect(printed.join('')).not.toContain('canary');
    expect(exit.mock.calls).toEqual([[ConfigurationError.exitCode]]);
    expect(started).not.toHaveBeenCalled();
  });

  it('names the variable when its port is taken', async () => {
    started.mockRejectedValue(Object.assign(new Error('listen'), { code: 'EADDRINUSE', port: 3000 }));
    await runApp();
    expect(printed).toEqual(['PORT: 3000 is taken by another program; set PORT to a free one.\n']);
    expect(exit.mock.calls).toEqual([[1]]);
  });

  it('names the other variable of a port that is taken', async () => {
    const taken = { code: 'EADDRINUSE', port: 9464, variable: 'METRICS_PORT' };
    started.mockRejectedValue(Object.assign(new Error('listen'), taken));
    await runApp();
    expect(printed).toEqual([
      'METRICS_PORT: 9464 is taken by another program; set METRICS_PORT to a free one.\n',
    ]);
  });

  it('that cannot start says why, fails, and does not tell its supervisor otherwise', async () => {
    started.mockRejectedValue(new Error('no such table'));
    await runApp();
    expect(printed.join('')).toContain('Error: no such table');
    expect(exit.mock.calls).toEqual([[1]]);
    expect(tell).not.toHaveBeenCalled();
  });

  it('that was started says so, and runs until a signal, whose end is a success', async () => {
    started.mockImplementation(async () => expect(tell).not.toHaveBeenCalled());
    await runApp();
    expect(started).toHaveBeenCalledExactlyOnceWith(app);
    expect(watchProcess).toHaveBeenCalledExactlyOnceWith();
    expect(tell).toHaveBeenCalledExactlyOnceWith('ready');
    expect(shutdownHooks).toHaveBeenCalledWith(undefined, { useProcessExit: true });
    expect(exit).not.toHaveBeenCalled();
  });

  it('says with its last line how it ended', async () => {
    const listeners = vi.spyOn(process, 'once');
    await runApp();
    const [, atExit] = listeners.mock.calls.find(([event]) => event === 'exit') ?? [];
    atExit?.(0);
    expect(log).toHaveBeenCalledExactlyOnceWith('Ended with 0.', 'Process');
  });
});
