import pg from 'pg';
import { within } from '#platform/lifecycle';
import { connectionOptions } from '#platform/persistence';
import { livenessClass } from '../features/liveness.ts';
import { underDeletedSourceText } from '../features/lock-sources.ts';
import { Gather } from './gather.ts';

/** A claim that is about to be handed over. */
interface Claimed {
  readonly deliveryId: string;
  readonly token: number;
}

const mostAtOnce = 100;
const patienceMs = 10_000;
/** Often enough that a worker that is merely busy is never taken for one that hangs (`disconnect-hung-workers.ts`). */
const beatMs = 10_000;

/**
 * One worker id and the Postgres session whose advisory lock says that its holder lives. The session ends once:
 * when it is lost, which breaks off what is being handed over, or when it is retired and its work is done.
 */
export class LockSession {
  /** Resolves when the lock is free, as far as this process can tell. */
  readonly ended: Promise<void>;
  private readonly breaking = new AbortController();
  private readonly confirmations = new Gather(
    (claims: readonly Claimed[]) => this.confirm(claims),
    mostAtOnce,
  );
  private readonly beating: NodeJS.Timeout;
  private handOvers = 0;
  private retired = false;

  private constructor(
    private readonly client: pg.Client,
    readonly workerId: number,
    private readonly patience: number,
  ) {
    this.ended = new Promise((resolve) => client.once('end', resolve));
    client.on('error', () => this.lose());
    client.on('end', () => this.lose());
    // By the loop that also hands over: one that hangs must not look alive.
    const beat = () => void within(patience, client.query('select')).catch(() => this.lose());
    this.beating = setInterval(beat, beatMs).unref();
  }

  /** @param patience milliseconds; a session that is not answered for so long is lost */
  static async open(databaseUrl: string, patience = patienceMs): Promise<LockSession> {
    // Not by the client's own timeouts: a process that stood still for so long finds them over, and the answer there.
    const client = new pg.Client(connectionOptions(databaseUrl, 'tocsin delivery lock'));
    // From the beginning: a session that is cut while it is being opened says so as well, and would end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await within(
        patience,
        client.query<{ id: number }>(`select nextval('delivery.worker_ids')::integer as id`),
      );
      const workerId = rows[0]?.id ?? Number.NaN;
      await within(patience, client.query('select pg_advisory_lock($1, $2)', [livenessClass, workerId]));
      return new LockSession(client, workerId, patience);
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
  }

  get usable(): boolean {
    return !this.retired && !this.broken.aborted;
  }

  /** Fires when what is being handed over is to be broken off: somebody else may own it, or there is no time left. */
  get broken(): AbortSignal {
    return this.breaking.signal;
  }

  /** Runs one claim with its hand-over and outcome under this lock. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.handOvers += 1;
    try {
      return await work();
    } finally {
      this.handOvers -= 1;
      this.endIfDone();
    }
  }

  /**
   * Whether the row is still `sending` with this token, no source of it is deleted and sending is not held, asked
   * on the very session that holds the lock: an answer proves that the lock was held a moment ago.
   */
  confirms(deliveryId: string, token: number): Promise<boolean> {
    return this.confirmations.ask({ deliveryId, token });
  }

  /** Claims nothing more under this id and lets the lock go when everything under way is over. */
  retire(): void {
    this.retired = true;
    this.endIfDone();
  }

  /** Retires, and breaks off what is being handed over; its outcomes are still written under the lock. */
  breakOff(): void {
    this.breaking.abort();
    this.retire();
  }

  private async confirm(claims: readonly Claimed[]): Promise<boolean[]> {
    try {
      const asked = this.client.query<{ id: string }>({
        name: 'confirm',
        text: `
          select delivery.id
          from json_to_recordset($1::json) as claim("deliveryId" uuid, token integer)
          join delivery.deliveries as delivery
            on delivery.id = claim."deliveryId" and delivery.claim_token = claim.token
          where delivery.status = 'sending' and not ${underDeletedSourceText}
            and not exists (select from delivery.hold)`,
        values: [JSON.stringify(claims)],
      });
      const { rows } = await within(this.patience, asked);
      const confirmed = new Set(this.broken.aborted ? [] : rows.map(({ id }) => id));
      return claims.map(({ deliveryId }) => confirmed.has(deliveryId));
    } catch {
      this.lose();
      return claims.map(() => false);
    }
  }

  private lose(): void {
    clearInterval(this.beating);
    this.breaking.abort();
    this.end();
  }

  private endIfDone(): void {
    if (this.retired && this.handOvers === 0) this.end();
  }

  private end(): void {
    clearInterval(this.beating);
    this.client.end().catch(() => undefined);
  }
}
