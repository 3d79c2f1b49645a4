import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Config } from '#platform/config';
import { DeliveryMetrics } from './delivery-metrics.ts';
import { LockSession } from './lock-session.ts';

/** Keeps this worker's liveness lock, and takes a new id whenever the old one cannot be trusted any more. */
@Injectable()
export class WorkerLock {
  private readonly logger = new Logger(WorkerLock.name);
  private session: LockSession | undefined;
  /** This one, and retired ones under which something is still being handed over. */
  private readonly sessions = new Set<LockSession>();
  private opening: Promise<LockSession> | undefined;
  private closed = false;

  constructor(
    private readonly config: Config,
    private readonly measured: DeliveryMetrics,
  ) {}

  /**
   * Runs `work` under the lock. Its error leaves open what it has claimed: the id is given up, so that the
   * sweeper takes those claims as soon as the hand-overs that are under way beside it have ended.
   */
  async hold<T>(work: (session: LockSession) => Promise<T>): Promise<T> {
    const session = await this.current();
    return session.during(async () => {
      try {
        return await work(session);
      } catch (error) {
        session.retire();
        throw error;
      }
    });
  }

  /** From now on nobody waits for a lock, which a Postgres that is away would give to nobody. */
  openNoMore(): void {
    this.closed = true;
  }

  /** Breaks off what is being handed over. */
  breakOff(): void {
    for (const session of this.sessions) session.breakOff();
  }

  /** Resolves once the lock is released; nothing may be under way. */
  async close(): Promise<void> {
    this.openNoMore();
    await this.opening?.catch(() => undefined);
    this.session?.retire();
    await Promise.all([...this.sessions].map(({ ended }) => ended));
  }

  private async current(): Promise<LockSession> {
    while (!this.session?.usable) {
      this.opening ??= this.open().finally(() => (this.opening = undefined));
      this.session = await this.opening;
    }
    return this.session;
  }

  private async open(): Promise<LockSession> {
    if (this.session) this.measured.fenced.inc();
    for (let failures = 0; ; failures += 1) {
      if (this.closed || this.config.databaseUrl === null) throw new Error('The worker is stopping.');
      try {
        const session = await LockSession.open(this.config.databaseUrl);
        this.sessions.add(session);
        void session.ended.then(() => this.sessions.delete(session));
        return session;
      } catch (error) {
        if (failures === 0) this.logger.warn(`No liveness lock yet: ${(error as Error).message}`);
        await pause(1_000);
      }
    }
  }
}
