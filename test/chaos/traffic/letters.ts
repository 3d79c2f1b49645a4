import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Person } from '../ground.ts';
import { Random } from '../random.ts';
import type { Client } from './client.ts';
import { remove, type Sending } from './sending.ts';

/** How long after its sending a notification is deleted, in milliseconds; below 0 while it is being sent. */
export function deletionDelay(random: Random): number {
  if (random.chance(0.1)) return -1;
  if (random.chance(0.25)) return random.between(0, 50);
  return random.chance(0.75) ? random.between(0, 1_500) : random.between(1_500, 5_000);
}

/** An operator's notification, created, sent and, if so planned, deleted. */
export class Letters {
  private readonly client: Client;
  private readonly seed: string;
  private readonly operators: readonly Person[];
  private readonly deletes: boolean;
  private readonly note: (sending: Sending, person: Person) => void;

  constructor(
    client: Client,
    seed: string,
    operators: readonly Person[],
    deletes: boolean,
    note: (sending: Sending, person: Person) => void,
  ) {
    this.client = client;
    this.seed = seed;
    this.operators = operators;
    this.deletes = deletes;
    this.note = note;
  }

  async send(number: number): Promise<void> {
    const { client, seed } = this;
    const random = new Random(seed, `letter ${number}`);
    const person = random.pick(this.operators);
    const recipients = Array.from(
      { length: howMany(random) },
      (_, index) => `letter-${number}-${index}@chaos.example`,
    );
    const created = await client.insist({
      method: 'POST',
      path: '/v1/notifications',
      person,
      key: randomUUID(),
      body: {
        subject: `Letter ${number}`,
        message: 'Good morning.\n'.repeat(random.whole(1, 40)),
        recipients: recipients.map((to) => ({ channel: 'email', to })),
      },
    });
    const id = String(created.body['id']);
    const path = `/v1/notifications/${id}`;
    const sending: Sending = {
      type: 'notification',
      id,
      recipients,
      promised: false,
      deleted: false,
      answers: [],
    };
    this.note(sending, person);
    const wait = this.deletes && number % 2 === 0 ? deletionDelay(random) : null;
    const deletion = async (ms: number) => {
      await delay(ms);
      await remove(client, sending, { method: 'DELETE', path, person });
    };
    const early = wait === -1 ? deletion(random.between(0, 30)) : undefined;
    const answer = await client.insist({ method: 'POST', path: `${path}/send`, person });
    // Whoever asks again after an answer that got lost is told that it is no draft any more.
    sending.promised = answer.status === 202 || (answer.status === 409 && !sending.deleted);
    if (wait !== null && wait >= 0) await deletion(wait);
    await early;
  }
}

/** Mostly one recipient, now and then a few. */
function howMany(random: Random): number {
  if (random.chance(0.8)) return 1;
  return random.chance(0.75) ? random.whole(2, 3) : random.whole(4, 8);
}
