import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigurationError } from '../config/index.ts';
import { ServiceAway, Unusable } from './unusable.ts';
import { waitUntilUsable } from './wait-until-usable.ts';

describe('a service that is needed at the start', () => {
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const ask = vi.fn<() => Promise<string>>();
  const wait = (patienceMs = 30_000) =>
    waitUntilUsable(
      { variable: 'DATABASE_URL', name: 'Postgres', address: 'db.example.org:5432', ask },
      { patienceMs, say },
    );
  const refused = new Unusable('refuses connections', true);

  beforeEach(() => {
    vi.useFakeTimers();
    said.length = 0;
    ask.mockReset();
  });
  afterEach(() => vi.useRealTimers());

  it('is not spoken of when it can be used', async () => {
    ask.mockResolvedValue('15');
    expect(await wait()).toBe('15');
    expect(said).toEqual([]);
  });

  it('is waited for with a line for each new reason, and one when it can be used', async () => {
    ask
      .mockRejectedValueOnce(refused)
      .mockRejectedValueOnce(refused)
      .mockRejectedValueOnce(new Unusable('is starting or stopping', true))
      .mockResolvedValue('15');
    const waiting = wait();
    await vi.runAllTimersAsync();
    expect(await waiting).toBe('15');
    expect(said).toEqual([
      'DATABASE_URL: Postgres at db.example.org:5432 refuses connections; trying again for 30 s.',
      expect.stringMatching(
        /^DATABASE_URL: Postgres at \S+ is starting or stopping; trying again for 30 s\.$/,
      ),
      'DATABASE_URL: Postgres at db.example.org:5432 can be used now.',
    ]);
  });

  it('is given up after half a minute', async () => {
    ask.mockRejectedValue(refused);
    const began = performance.now();
    const given = wait().catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    expect(await given).toEqual(
      new ServiceAway(
        'DATABASE_URL: Postgres at db.example.org:5432 still refuses connections; given up after 30 s.',
      ),
    );
    expect(performance.now() - began).toBeCloseTo(30_000, -2);
    expect(said).toHaveLength(1);
  });

  it('is not waited for when that cannot help', async () => {
    ask.mockRejectedValue(new Unusable('is version 14; Tocsin needs 15 to 18', false));
    await expect(wait()).rejects.toEqual(
      new ConfigurationError([
        'DATABASE_URL: Postgres at db.example.org:5432 is version 14; Tocsin needs 15 to 18.',
      ]),
    );
    expect(said).toEqual([]);
  });

  it('does not hide a fault of our own', async () => {
    ask.mockRejectedValue(new TypeError('a bug'));
    await expect(wait()).rejects.toThrow(TypeError);
  });
});
