import { setTimeout as delay } from 'node:timers/promises';
import { type Ground, inSession } from './ground.ts';

const underWay = `
  select 'event ' || type as what, count(*)::integer as count from platform.outbox
    where published_at is null and type not like '%erasure%' group by 1
  union all select 'delivery ' || status, count(*)::integer from delivery.deliveries
    where status in ('pending', 'retrying', 'sending') group by 1`;

/** Waits until nothing is under way; null when that does not come. Returns the milliseconds since `from`. */
export async function drain(
  ground: Ground,
  from: number,
  say: (line: string) => void,
): Promise<number | null> {
  for (let round = 0; Date.now() < from + 180_000; round += 1) {
    const { rows } = await inSession(ground.postgres.url, (client) =>
      client.query<{ what: string; count: number }>(underWay),
    );
    if (rows.length === 0) return Date.now() - from;
    if (round % 20 === 0) say(`under way: ${rows.map(({ what, count }) => `${count} ${what}`).join(', ')}`);
    await delay(250);
  }
  return null;
}
