import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Run {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  exit: Promise<number>;
}

const running: ChildProcess[] = [];

function replay(...args: string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout.on('data', (data: Buffer) => (text.out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (text.err += data.toString()));
  running.push(child);
  const exit = once(child, 'close').then(([code]) => Number(code));
  return { child, out: () => text.out, err: () => text.err, exit };
}

describe('The replay command', () => {
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });

  it('says where it serves, plays, and ends cleanly on Ctrl-C', async () => {
    const run = replay('--sample', '--speed', '100000', '--port', '0', '--now');
    await expect.poll(run.out, { timeout: 20_000 }).toContain('The recording has ended');
    const rest = /^BINANCE_REST_URL=(http:\S+)$/m.exec(run.out())![1];
    expect(run.out()).toMatch(/^BINANCE_WS_URL=ws:\S+$/m);
    expect(await (await fetch(`${rest}/api/v3/aggTrades?symbol=BTCUSDT`)).json()).toHaveLength(240);
    run.child.kill('SIGINT');
    expect(await run.exit).toBe(0);
    expect(run.err()).toBe('');
  }, 30_000);

  it.each([
    [['/no/such/file'], /^replay: no such file or directory: '\/no\/such\/file'\n$/],
    [[], /^replay: name a recording, or --sample .*\n$/],
    [['--sample', '--speed', 'fast'], /^replay: --speed takes a number above 0, not "fast".*\n$/],
    [['--sample', '--port', '70000'], /^replay: --port takes a port.*\n$/],
    [['--simple'], /^replay: Unknown option '--simple'.*\n$/],
    [[MAIN], /^replay: .*main\.ts, line 1: .*\n$/],
  ])(
    'ends with one clear line when it is given %j',
    async (args, line) => {
      const run = replay(...args);
      expect(await run.exit).toBe(1);
      expect(run.err()).toMatch(line);
    },
    30_000,
  );
});
