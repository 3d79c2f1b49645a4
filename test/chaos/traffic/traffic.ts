import { setTimeout as delay } from 'node:timers/promises';
import type { Counts } from '../counts.ts';
import type { Fleet } from '../fleet.ts';
import { addPeople, type Ground, inSession, newPeople, type Person } from '../ground.ts';
import { Random } from '../random.ts';
import { Client } from './client.ts';
import { Firings } from './firings.ts';
import { Letters } from './letters.ts';
import { remove, type Sending } from './sending.ts';

const inOneFiring = 10;

/** All that people do during a run. */
export class Traffic {
  readonly sendings: Sending[] = [];
  readonly client: Client;
  /** What share of all sendings has been begun and answered. */
  progress = 0;
  private readonly ground: Ground;
  private readonly seed: string;
  private readonly random: Random;
  private readonly known = new Map<string, { sending: Sending; person: Person }>();
  private readonly errands: Promise<unknown>[] = [];
  /** What nobody could understand. */
  readonly errors: string[] = [];

  constructor(ground: Ground, fleet: Fleet, seed: string) {
    this.ground = ground;
    this.seed = seed;
    this.random = new Random(seed, 'traffic');
    this.client = new Client(fleet, ground, this.random);
  }

  /** Begins so many sendings within a span; half of them are deleted unless `keep`. */
  async run({ notifications, deletions }: Counts, spanMs: number): Promise<void> {
    const { client, ground, seed, random } = this;
    const operators = newPeople(3, 'operator');
    await inSession(ground.postgres.url, (session) => addPeople(session, operators));
    const note = (sending: Sending, person: Person): void => {
      this.sendings.push(sending);
      for (const recipient of sending.recipients) this.known.set(recipient, { sending, person });
      this.progress = this.sendings.length / notifications;
    };
    const letters = new Letters(client, seed, operators, deletions > 0, note);
    const firings = new Firings(client, ground, seed, deletions > 0, note);
    const fired = Math.ceil(notifications / 10 / inOneFiring);
    const plan = [
      ...random.moments(notifications - fired * inOneFiring, spanMs).map((at, n) => ({
        at,
        begin: () => letters.send(n),
      })),
      ...random.moments(fired, spanMs).map((at, n) => ({ at, begin: () => firings.fire(n, inOneFiring) })),
    ].sort((one, other) => one.at - other.at);
    const start = performance.now();
    for (const { at, begin } of plan) {
      await delay(Math.max(0, start + at - performance.now()));
      this.follow(begin());
    }
  }

  /** Somebody's worker was just struck while it had these in hand: a good moment to delete them. */
  deleteSoon(recipients: readonly string[]): void {
    for (const recipient of recipients) {
      const { sending, person } = this.known.get(recipient) ?? {};
      if (!sending || !person || sending.deleted || this.random.chance(0.5)) continue;
      this.follow(this.deleteLater(sending, person));
    }
  }

  /** Resolves when every answer that is owed has been given. */
  async finish(): Promise<void> {
    for (let done = 0; done < this.errands.length;) {
      done = this.errands.length;
      await Promise.all(this.errands);
    }
  }

  /** Asks once more for every deletion: what was final has to be said again. */
  async askAgain(): Promise<void> {
    const deleted = this.sendings.filter(({ answers }) => answers.length > 0);
    const askNext = async (): Promise<void> => {
      for (let next = deleted.pop(); next; next = deleted.pop()) {
        const { person } = this.known.get(next.recipients[0] ?? '') ?? {};
        if (person) await this.delete(next, person);
      }
    };
    await Promise.all(Array.from({ length: 8 }, askNext));
  }

  private follow(errand: Promise<unknown>): void {
    this.errands.push(errand.catch((error: unknown) => void this.errors.push(String(error))));
  }

  private async deleteLater(sending: Sending, person: Person): Promise<void> {
    sending.deleted = true;
    await delay(this.random.between(0, 2_500));
    await this.delete(sending, person);
  }

  private delete(sending: Sending, person: Person): Promise<void> {
    const path = `/v1/${sending.type}s/${sending.id}`;
    return remove(this.client, sending, { method: 'DELETE', path, person });
  }
}
