import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { addPeople, addressOf, type Ground, inSession, newPeople, type Person } from '../ground.ts';
import { Random } from '../random.ts';
import type { Client } from './client.ts';
import { deletionDelay } from './letters.ts';
import { remove, type Sending } from './sending.ts';

/** Alerts of as many people that fire together, as the engine writes it down; some are deleted by their owners. */
export class Firings {
  private readonly client: Client;
  private readonly ground: Ground;
  private readonly seed: string;
  private readonly deletes: boolean;
  private readonly note: (sending: Sending, person: Person) => void;

  constructor(
    client: Client,
    ground: Ground,
    seed: string,
    deletes: boolean,
    note: (sending: Sending, person: Person) => void,
  ) {
    this.client = client;
    this.ground = ground;
    this.seed = seed;
    this.deletes = deletes;
    this.note = note;
  }

  async fire(number: number, count: number): Promise<void> {
    const random = new Random(this.seed, `firing ${number}`);
    const owners = newPeople(count, 'user');
    const fired = owners.map(({ id: userId }) => ({
      alertId: randomUUID(),
      userId,
      symbol: 'BTC-USD',
      target: '33000',
      direction: 'up',
      price: '33000.1',
      tradeId: number + 1,
      tradedAt: new Date().toISOString(),
      note: null,
    }));
    await this.writeDown(owners, fired);
    const deletions = owners.map(async (person, index) => {
      const id = fired[index]?.alertId ?? '';
      const sending: Sending = {
        type: 'alert',
        id,
        recipients: [addressOf(person)],
        promised: true,
        deleted: false,
        answers: [],
      };
      this.note(sending, person);
      if (!this.deletes || index % 2 > 0) return;
      await delay(Math.max(0, deletionDelay(random)));
      await remove(this.client, sending, { method: 'DELETE', path: `/v1/alerts/${id}`, person });
    });
    await Promise.all(deletions);
  }

  /** Until it is certain that it is there, once. */
  private async writeDown(owners: readonly Person[], fired: readonly { readonly alertId: string }[]) {
    const { url } = this.ground.postgres;
    for (;;) {
      try {
        return await inSession(url, async (client) => {
          const known = await client.query('select from alerts.alerts where id = $1', [fired[0]?.alertId]);
          if (known.rowCount) return;
          await client.query('begin');
          await addPeople(client, owners);
          await client.query(firing, [JSON.stringify(fired), randomUUID()]);
          await client.query('commit');
        });
      } catch {
        await delay(200);
      }
    }
  }
}

const firing = `
  with fired as (
    insert into alerts.alerts (id, user_id, symbol, operator, target, direction, status, created_at,
      triggered_at, triggered_price, trigger_count)
    select ("alertId")::uuid, ("userId")::uuid, symbol, 'crossing', target::numeric, direction, 'triggered', now(),
      now(), price::numeric, 1
    from json_to_recordset($1::json)
      as fired("alertId" text, "userId" text, symbol text, target text, direction text, price text))
  insert into platform.outbox (id, type, payload, occurred_at)
  values ($2, 'alerts.alerts-triggered.v1', json_build_object('alerts', $1::json), now())`;
