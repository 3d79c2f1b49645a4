import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endedText, LastWords } from './last-words.ts';

/** What a program is remembered by that runs this and ends. */
async function wordsOf(code: string): Promise<string | undefined> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const words = new LastWords();
  createInterface({ input: child.stdout }).on('line', (line) => words.hear(line, false));
  createInterface({ input: child.stderr }).on('line', (line) => words.hear(line, true));
  await once(child, 'close');
  return words.text;
}

const log = (level: number, msg: string) =>
  `process.stdout.write(JSON.stringify({ level: ${level}, time: Date.now(), msg: '${msg}' }) + '\\n');`;

describe('the last words of a program', () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each([
    ['an error that nobody caught', `throw new RangeError('too far')`, 'RangeError: too far'],
    [
      'one with properties and a cause',
      `throw Object.assign(new Error('no', { cause: new Error('why') }), { code: 'ENO' })`,
      'Error: no',
    ],
    ['a line on stderr', `console.error('PORT: 80 is taken'); process.exit(1)`, 'PORT: 80 is taken'],
    ['the last error of its log', log(50, 'first') + log(60, 'last') + log(30, 'going'), 'last'],
  ])('are %s', async (_what, code, words) => {
    expect(await wordsOf(code)).toBe(words);
  });

  it.each([[[true, false]], [[false, true]]])(
    'are those on stderr, in whatever order they come: %j',
    (order) => {
      const words = new LastWords();
      const record = JSON.stringify({ level: 50, time: Date.now(), msg: 'listen EADDRINUSE' });
      for (const isStderr of order) words.hear(isStderr ? 'PORT: 80 is taken' : record, isStderr);
      expect(words.text).toBe('PORT: 80 is taken');
    },
  );

  it('are none when nothing was wrong', async () => {
    expect(await wordsOf(`${log(30, 'all is well')} console.log('on stdout')`)).toBeUndefined();
  });

  it('are short, on one line and without a secret', async () => {
    const words = await wordsOf(
      `console.error('no way to postgres://ada:canary@db/x for ada@example.org ' + 'x'.repeat(500))`,
    );
    expect(words).toHaveLength(200);
    expect(words).not.toMatch(/canary|ada/);
  });

  it('are forgotten after ten seconds, when they cannot be why it ended', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(1_000);
    const words = new LastWords();
    words.hear('Error: long ago', true);
    now.mockReturnValue(11_000);
    expect(words.text).toBe('Error: long ago');
    now.mockReturnValue(11_001);
    expect(words.text).toBeUndefined();
  });
});

describe('what is said of a part that ended', () => {
  it('is how and why, how often in a row, and from the fifth time on what to do', () => {
    expect(endedText('SIGKILL', undefined, 1, 1000)).toBe('ended (SIGKILL); starting it again in 1 s');
    expect(endedText('exit code 1', 'Error: no', 4, 8000)).toBe(
      'ended 4 times in a row (exit code 1: Error: no); starting it again in 8 s',
    );
    expect(endedText('exit code 1', 'Error: no', 5, 16_000)).toMatch(
      /in 16 s\. npm run doctor looks for the cause$/,
    );
  });
});
