import type { INestApplicationContext } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../config/index.ts';
import { run } from './run.ts';

describe('a process', () => {
  const printed: string[] = [];
  const exit = vi.fn<(code?: number | string | null) => never>();
  const close = vi.fn<() => Promise<void>>();
  const started = vi.fn<() => Promise<void>>();
  const shutdownHooks = vi.fn<(...options: unknown[]) => void>();
  let disconnected: () => void;

  const app = {
    get: () => 'the logger',
    useLogger: () => undefined,
    enableShutdownHooks: shutdownHooks,
    close,
  } as unknown as INestApplicationContext;
  const runApp = () => run(() => Promise.resolve(app), started);

  beforeEach(() => {
    vi.useFakeTimers();
    vi.resetAllMocks();
    printed.length = 0;
    disconnected = () => {};
    started.mockResolvedValue();
    close.mockResolvedValue();
    vi.spyOn(process, 'exit').mockImplementation(exit);
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
    vi.spyOn(process, 'once').mockImplementation((event: string | symbol, listener: () => void) => {
      if (event === 'disconnect') disconnected = listener;
      return process;
    });
  });

  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it('with bad settings prints a line for each and fails before anything starts', async () => {
    await run(() => {
      loadConfig({ PORT: 'eighty', JWT_SECRET: 'canary' });
      return Promise.resolve(app);
    }, started);
    expect(printed).toHaveLength(2);
    expect(printed.join('')).toMatch(/^PORT: .*\nJWT_SECRET: .*\n$/);
    expect(printed.join('')).not.toContain('canary');
    expect(exit.mock.calls).toEqual([[1]]);
    expect(started).not.toHaveBeenCalled();
  });

  it('names the variable when its port is taken', async () => {
    started.mockRejectedValue(Object.assign(new Error('listen'), { code: 'EADDRINUSE', port: 3000 }));
    await runApp();
    expect(printed).toEqual(['PORT: 3000 is taken by another program; set PORT to a free one.\n']);
    expect(exit.mock.calls).toEqual([[1]]);
  });

  it('that cannot start says why and fails', async () => {
    started.mockRejectedValue(new Error('no such table'));
    await runApp();
    expect(printed.join('')).toContain('Error: no such table');
    expect(exit.mock.calls).toEqual([[1]]);
  });

  it('that was started runs until a signal, whose end is a success', async () => {
    await runApp();
    expect(started).toHaveBeenCalledExactlyOnceWith(app);
    expect(shutdownHooks).toHaveBeenCalledWith(undefined, { useProcessExit: true });
    expect(exit).not.toHaveBeenCalled();
  });

  it('ends with its supervisor', async () => {
    await runApp();
    disconnected();
    await vi.advanceTimersByTimeAsync(0);
    expect(close).toHaveBeenCalledOnce();
    expect(exit.mock.calls).toEqual([[0]]);
  });

  it('ends with its supervisor, also when something keeps it from closing', async () => {
    await runApp();
    close.mockReturnValue(new Promise(() => {}));
    disconnected();
    await vi.advanceTimersByTimeAsync(19_999);
    expect(exit).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(exit.mock.calls).toEqual([[1]]);
  });
});
