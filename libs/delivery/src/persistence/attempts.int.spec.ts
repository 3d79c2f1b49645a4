import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '#kernel';
import { Deliveries } from '../../../../test/support/deliveries.ts';

/** What the table itself refuses, whichever version of the program says it. */
describe('An attempt', () => {
  let deliveries: Deliveries;
  let deliveryId: string;
  let id: string;

  beforeAll(async () => {
    deliveries = await Deliveries.start();
  });
  afterAll(() => deliveries.close());
  beforeEach(async () => {
    deliveryId = (await deliveries.request()).ids[0] ?? '';
    id = newId();
    await deliveries.database.sql`
      insert into delivery.attempts (id, delivery_id, number, worker_id, provider)
      values (${id}, ${deliveryId}, 1, 1, 'smtp')`;
  });

  const settle = (outcome: string | null, code: string | null, response: string | null = null) =>
    deliveries.database.sql`
      update delivery.attempts set outcome = ${outcome}, code = ${code}, response = ${response},
        settled_at = '2026-11-22T10:00:00Z', request = '{"to": "ada@example.org"}'
      where id = ${id}`;
  const attempt = () => deliveries.database.one<{ outcome: string | null; response: string | null }>`
    select outcome, code, response, request from delivery.attempts where id = ${id}`;
  const refused = { code: '23514' };

  it('ends once', async () => {
    await settle('refused', '421', 'later');
    const before = await attempt();
    for (const [outcome, code, response] of [
      ['accepted', '250', 'ok'],
      ['refused', '450', 'later'],
      ['refused', '421', 'much later'],
      [null, null, null],
    ] as const) {
      await expect(settle(outcome, code, response)).rejects.toMatchObject(refused);
    }
    expect(await attempt()).toEqual(before);
  });

  it('may be told again as it was told, by a worker that did not hear that it was written', async () => {
    await settle('accepted', '250', 'ok');
    await settle('accepted', '250', 'ok');
    expect(await attempt()).toMatchObject({ outcome: 'accepted', response: 'ok' });
  });

  it('of a worker that seemed lost ends once more, when that worker can tell', async () => {
    await settle('ambiguous', 'worker-lost');
    await settle('accepted', '250', 'ok');
    await expect(settle('ambiguous', 'worker-lost')).rejects.toMatchObject(refused);
    expect(await attempt()).toMatchObject({ outcome: 'accepted', code: '250' });
  });

  it('of a worker that seemed lost does not become open again', async () => {
    await settle('ambiguous', 'worker-lost');
    await expect(settle(null, null)).rejects.toMatchObject(refused);
  });

  it('that nobody knows the end of stays so, when the provider did not answer', async () => {
    await settle('ambiguous', 'ETIMEDOUT');
    await expect(settle('accepted', '250')).rejects.toMatchObject(refused);
  });

  it('forgets what it tells of a recipient who is erased, and nothing else', async () => {
    await settle('accepted', '250', 'ada@example.org has it');
    await deliveries.database.sql`
      update delivery.attempts set response = null, request = null where id = ${id}`;
    expect(await attempt()).toEqual({ outcome: 'accepted', code: '250', response: null, request: null });
    const forgetsMore = deliveries.database.sql`
      update delivery.attempts set outcome = 'failed' where id = ${id}`;
    await expect(forgetsMore).rejects.toMatchObject(refused);
  });

  it('learns nothing any more of a recipient who is erased already', async () => {
    await settle('ambiguous', 'worker-lost');
    await deliveries.database.sql`update delivery.deliveries set recipient = '' where id = ${deliveryId}`;
    await settle('failed', '550', 'no ada@example.org here');
    expect(await attempt()).toEqual({ outcome: 'failed', code: '550', response: null, request: null });
  });

  it.each([
    'id',
    'delivery_id',
    'number',
    'worker_id',
    'provider',
    'claimed_at',
    'scheduled_at',
    'handed_over_at',
    'settled_at',
    'message_id',
  ])('keeps its %s', async (column) => {
    await settle('accepted', '250');
    const other: Record<string, string> = { number: '7', worker_id: '7', provider: 'x', message_id: 'x' };
    const fallback = column.endsWith('id') ? newId() : '2026-11-22T11:00:00Z';
    const session = await deliveries.session();
    const changed = session.query(`update delivery.attempts set ${column} = $1 where id = $2`, [
      other[column] ?? fallback,
      id,
    ]);
    await expect(changed).rejects.toMatchObject({ code: '23514' });
  });

  it('is not deleted, open or ended', async () => {
    const deleting = () => deliveries.database.sql`delete from delivery.attempts where id = ${id}`;
    await expect(deleting()).rejects.toMatchObject(refused);
    await settle('accepted', '250');
    await expect(deleting()).rejects.toMatchObject(refused);
  });
});
