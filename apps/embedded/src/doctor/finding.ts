import { setTimeout as delay } from 'node:timers/promises';
import { ConfigurationError } from '#platform/config';
import { errorCode } from '#platform/data-dir';
import { withoutSecrets } from '#platform/logging';

/** What one look came to; `advice` says what to do about it. */
export interface Finding {
  readonly level: 'ok' | 'warn' | 'FAIL';
  readonly text: string;
  readonly advice?: string;
}

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const warn = (text: string, advice: string): Finding => ({ level: 'warn', text, advice });
export const failed = (text: string, advice?: string): Finding => ({
  level: 'FAIL',
  text,
  ...(advice !== undefined && { advice }),
});

/** A group of findings about one thing. */
export interface Check {
  readonly subject: string;
  readonly look: () => Promise<readonly Finding[]> | readonly Finding[];
}

/** How often each level was found. */
export type Counts = Record<Finding['level'], number>;

/**
 * Looks everywhere at once and says what was found in order, each as soon as it is known. The limit is longer than any
 * question waits for its answer.
 */
export async function examine(
  checks: readonly Check[],
  print: (line: string) => void,
  limitMs = 12_000,
): Promise<Counts> {
  const counts: Counts = { ok: 0, warn: 0, FAIL: 0 };
  const width = Math.max(...checks.map(({ subject }) => subject.length));
  const looks = checks.map(({ subject, look }) => ({ subject, findings: bounded(look, limitMs) }));
  for (const { subject, findings } of looks) {
    for (const { level, text, advice } of await findings) {
      counts[level] += 1;
      print(`${level.padEnd(4)}  ${subject.padEnd(width)}  ${text}`);
      if (advice !== undefined) print(`${' '.repeat(width + 8)}-> ${advice}`);
    }
  }
  return counts;
}

async function bounded(look: Check['look'], limitMs: number): Promise<readonly Finding[]> {
  const late = delay(limitMs, [failed(`nothing came of it for ${limitMs / 1000} s`, 'Try again.')], {
    ref: false,
  });
  try {
    return await Promise.race([look(), late]);
  } catch (error) {
    return unexpected(error);
  }
}

function unexpected(error: unknown): Finding[] {
  if (error instanceof ConfigurationError) return error.lines.map((line) => failed(line, 'Correct it.'));
  const said = withoutSecrets(error instanceof Error ? error.message : String(error)).slice(0, 300);
  const closed = ['EACCES', 'EPERM'].includes(errorCode(error) ?? '');
  const advice = closed
    ? 'Run this as the user that runs Tocsin.'
    : 'This is not expected: please report it.';
  return [failed(`could not be looked at: ${said}`, advice)];
}
