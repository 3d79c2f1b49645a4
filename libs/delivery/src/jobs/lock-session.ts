import pg from 'pg';
import { connectionOptions } from '#platform/persistence';
import { livenessClass } from '../features/liveness.ts';

/**
 * One worker id and the Postgres session whose advisory lock says that its holder lives. The session ends once:
 * when it is lost, which breaks off what is being handed over, or when it is retired and its work is done.
 */
export class LockSession {
  /** Resolves when the lock is free, as far as this process can tell. */
  readonly ended: Promise<void>;
  private readonly loss = new AbortController();
  private handOvers = 0;
  private retired = false;
  /** The query under way: a session answers one at a time. */
  private asking: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly client: pg.Client,
    readonly workerId: number,
  ) {
    this.ended = new Promise((resolve) => client.once('end', resolve));
    client.on('error', () => this.lose());
    client.on('end', () => this.lose());
  }

  static async open(databaseUrl: string): Promise<LockSession> {
    const client = new pg.Client({
      ...connectionOptions(databaseUrl, 'tocsin delivery lock'),
      query_timeout: 10_000,
    });
    try {
      await client.connect();
      const { rows } = await client.query<{ id: number }>(
        `select nextval('delivery.worker_ids')::integer as id`,
      );
      const session = new LockSession(client, rows[0]?.id ?? Number.NaN);
      await client.query('select pg_advisory_lock($1, $2)', [livenessClass, session.workerId]);
      return session;
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
  }

  get usable(): boolean {
    return !this.retired && !this.loss.signal.aborted;
  }

  /** Fires when the lock is lost: from then on somebody else may take over what is held under this id. */
  get lost(): AbortSignal {
    return this.loss.signal;
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
  async confirms(deliveryId: string, token: number): Promise<boolean> {
    const answer = this.asking.then(() => this.ask(deliveryId, token));
    this.asking = answer.catch(() => this.lose());
    return answer.catch(() => false);
  }

  /** Claims nothing more under this id and lets the lock go when everything under way is over. */
  retire(): void {
    this.retired = true;
    this.endIfDone();
  }

  private async ask(deliveryId: string, token: number): Promise<boolean> {
    const { rows } = await this.client.query<{ confirmed: boolean }>({
      name: 'confirm',
      text: `
        select not exists (
          select from delivery.delivery_sources as link
          join delivery.sources as source on source.type = link.source_type and source.id = link.source_id
          where link.delivery_id = delivery.id and source.deleted_at is not null)
          and not exists (select from delivery.hold) as confirmed
        from delivery.deliveries as delivery
        where delivery.id = $1 and delivery.status = 'sending' and delivery.claim_token = $2`,
      values: [deliveryId, token],
    });
    return !this.loss.signal.aborted && rows[0]?.confirmed === true;
  }

  private lose(): void {
    if (this.loss.signal.aborted) return;
    this.loss.abort();
    this.end();
  }

  private endIfDone(): void {
    if (this.retired && this.handOvers === 0) this.end();
  }

  private end(): void {
    this.client.end().catch(() => undefined);
  }
}
