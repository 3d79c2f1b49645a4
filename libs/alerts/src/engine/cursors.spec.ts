import { describe, expect, it, vi } from 'vitest';
import { Metrics } from '#platform/metrics';
import type { Database } from '#platform/persistence';
import { parseExposition } from '../../../../test/support/exposition.ts';
import { Cursors } from './cursors.ts';

describe('the lag of a cursor', () => {
  const tick = (id: number, seconds: number) => ({
    source: 'binance',
    id,
    price: '100',
    at: new Date(Date.UTC(2026, 10, 22) + seconds * 1000),
  });

  it('is the time between the trade last compared and the one last written', async () => {
    const metrics = new Metrics('worker');
    const sql = vi.fn<() => Promise<object[]>>().mockResolvedValue([]);
    const cursors = new Cursors({ sql } as unknown as Database, metrics);
    const lag = async () =>
      parseExposition(await metrics.text())
        .get('tocsin_evaluation_cursor_lag_seconds')
        ?.samples.map(({ labels, value }) => [labels['symbol'], value]);
    const checkpoint = () => cursors.checkpoint(1n, []);

    cursors.reach('BTC-USD', tick(1, 0));
    expect(await lag()).toEqual([['BTC-USD', 0]]);
    await checkpoint();
    cursors.reach('BTC-USD', tick(5, 2.5));
    cursors.reach('ETH-USD', tick(1, 0));
    expect(await lag()).toEqual([
      ['BTC-USD', 2.5],
      ['ETH-USD', 0],
    ]);
    sql.mockRejectedValueOnce(new Error('Postgres is away.'));
    await expect(checkpoint()).rejects.toThrow('Postgres is away.');
    expect(await lag()).toContainEqual(['BTC-USD', 2.5]);
    await checkpoint();
    expect(await lag()).toContainEqual(['BTC-USD', 0]);
  });
});
