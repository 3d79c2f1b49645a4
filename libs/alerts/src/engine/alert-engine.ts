import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { type Tick, TickStream } from '#libs/market-data/contracts';
import { Clock } from '#kernel';
import { Loop, Roles } from '#platform/lifecycle';
import { Wakeups } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { CommitDecisions } from './commit-decisions.ts';
import { Cursors, resume } from './cursors.ts';
import { EngineMetrics } from './engine-metrics.ts';
import { changesCompleteBelow, readActiveAlerts, readAlerts, readChangedAlerts } from './read-alerts.ts';
import { type Decisions, SymbolEngine } from './symbol-engine.ts';
import { afterLosing, type EvaluatedTick, type Firing, type WatchedAlert } from './watched-alert.ts';

/**
 * Compares every tick of this process with every active alert (role `market`).
 *
 * Three things come in: ticks from the feeds, changed alerts from the table, and, for an alert whose reference
 * is older than the ticks in memory, the missing ticks from the source's history. What is decided is committed
 * before the cursor may pass it; so after a crash the feed starts again at the cursor and nothing is missed.
 */
@Injectable()
export class AlertEngine
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown
{
  private readonly logger = new Logger(AlertEngine.name);
  private readonly symbols = new Map<string, SymbolEngine>();
  /** Alerts that wait for ticks from before this process's memory. */
  private readonly behind = new Map<string, WatchedAlert>();
  private readonly loaded = Promise.withResolvers<void>();
  private loadedThrough = 0n;
  private stopped = false;
  private readonly following = new Loop(AlertEngine.name, () => this.follow());
  private readonly checkpointing = new Loop(AlertEngine.name, () => this.checkpoint());
  private readonly catchingUp = new Loop(AlertEngine.name, () => this.catchUp());

  constructor(
    private readonly database: Database,
    private readonly ticks: TickStream,
    private readonly decisions: CommitDecisions,
    private readonly cursors: Cursors,
    private readonly wakeups: Wakeups,
    private readonly clock: Clock,
    private readonly roles: Roles,
    private readonly measured: EngineMetrics,
  ) {
    measured.watch(this.symbols, this.behind);
  }

  onModuleInit(): void {
    this.ticks.subscribe((ticks) => this.evaluate(ticks));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.load();
    this.loaded.resolve();
    await this.wakeups.listen('tocsin_alerts', this.following.wake);
    const loops = [this.following, this.checkpointing, this.catchingUp];
    for (const loop of loops) loop.start();
    this.roles.begun('market', ...loops);
  }

  /** Before the feeds stop: they wait for the batch under way, which would wait for a Postgres that is away. */
  onModuleDestroy(): void {
    this.stopped = true;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.following.stop(), this.catchingUp.stop(), this.checkpointing.stop()]);
    // Without it the next start compares these ticks once more, and nothing comes of that.
    await this.checkpoint().catch((error: unknown) => this.logger.warn(`No last cursor: ${String(error)}`));
  }

  /** Takes a batch of ticks; resolves once everything they decided is committed. */
  async evaluate(ticks: readonly Tick[]): Promise<void> {
    await this.loaded.promise;
    // A decision that could not be committed any more is lost from memory: no later tick may move the cursor on.
    if (this.stopped) return;
    await Promise.all(
      [...Map.groupBy(ticks, ({ symbol }) => symbol)].map(([symbol, own]) => this.compare(symbol, own)),
    );
    this.measured.ticks.inc(ticks.length);
  }

  private async compare(symbol: string, ticks: readonly EvaluatedTick[]): Promise<void> {
    const engine = this.engineOf(symbol);
    for (const alert of engine.letGoBefore(ticks[0])) {
      this.behind.set(alert.id, alert);
      this.catchingUp.wake();
    }
    await this.commit(engine.evaluate(ticks, this.now));
    if (engine.cursor) this.cursors.reach(symbol, engine.cursor);
  }

  private async load(): Promise<void> {
    const below = await changesCompleteBelow(this.database);
    const cursors = new Map((await this.cursors.read()).map((cursor) => [cursor.symbol, cursor]));
    for (const [symbol, { tick }] of cursors) this.symbols.set(symbol, new SymbolEngine(tick));
    let count = 0;
    for await (const alerts of readActiveAlerts(this.database)) {
      count += alerts.length;
      await this.take(alerts.map((alert) => resume(alert, cursors.get(alert.symbol))));
    }
    this.loadedThrough = below;
    this.logger.log(`Watching ${count} active alerts.`);
  }

  /** Brings in what was created, edited or deleted since, by any process. */
  private async follow(): Promise<void> {
    const below = await changesCompleteBelow(this.database);
    if (below === this.loadedThrough) return;
    await this.take(await readChangedAlerts(this.database, this.loadedThrough, below));
    this.loadedThrough = below;
  }

  private async take(alerts: readonly WatchedAlert[]): Promise<void> {
    for (const alert of alerts) {
      const engine = this.engineOf(alert.symbol);
      if (engine.hasNewer(alert, this.behind.get(alert.id))) continue;
      this.behind.delete(alert.id);
      if (engine.lacksTicksFor(alert)) this.behind.set(alert.id, alert);
      else await this.commit(engine.track(alert, [], this.now));
    }
    if (this.behind.size > 0) this.catchingUp.wake();
  }

  /** Fetches what the memory no longer holds, until nothing lies between it and the ticks in memory. */
  private async catchUp(): Promise<void> {
    // A source that does not answer for one symbol holds up no other symbol.
    const unanswered = new Map<string, unknown>();
    for (const alert of this.behind.values()) {
      if (unanswered.has(alert.symbol)) continue;
      try {
        await this.fetchAndTrack(alert);
      } catch (error) {
        if (this.stopped) throw error;
        unanswered.set(alert.symbol, error);
      }
    }
    for (const error of unanswered.values()) throw error;
  }

  private async fetchAndTrack(alert: WatchedAlert): Promise<void> {
    const engine = this.engineOf(alert.symbol);
    let missedThrough = 0;
    const missed: EvaluatedTick[] = [];
    // From the reference itself, so that a receipt can show it as the trade before the first one.
    for (let from = alert.evaluatedThrough; from < engine.coveredFrom; from = missedThrough + 1) {
      missedThrough = engine.coveredFrom - 1;
      missed.push(...(await this.ticks.history(alert.symbol, from, missedThrough)));
    }
    // Changed or deleted while the ticks were fetched: the newer state has been taken already.
    if (this.behind.get(alert.id) !== alert) return;
    await this.commit(engine.track(alert, missed, this.now));
    if (this.behind.get(alert.id) === alert) this.behind.delete(alert.id);
  }

  /** Commits, however long Postgres is away: the feed waits meanwhile, and the cursor stays. */
  private async commit(decisions: Decisions): Promise<void> {
    if (decisions.firings.length + decisions.anchorings.length === 0) return;
    for (let pause = 100; ; pause = Math.min(pause * 2, 5000)) {
      try {
        const lost = await this.measured.commit(decisions, () => this.decisions.commit(decisions));
        if (lost.length > 0) await this.compareAgain(lost);
        return;
      } catch (error) {
        if (this.stopped) throw error;
        if (pause === 100) this.logger.error(error);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** A firing lost its compare-and-set: the alert as it is now is compared with that tick and all since. */
  private async compareAgain(lost: readonly Firing[]): Promise<void> {
    const firings = new Map(lost.map((firing) => [firing.alert.id, firing]));
    const now = await readAlerts(this.database, [...firings.keys()]);
    await this.take(now.map((alert) => afterLosing(firings.get(alert.id)!, alert)));
  }

  private checkpoint(): Promise<void> {
    return this.cursors.checkpoint(this.loadedThrough, [...this.behind.values()]);
  }

  private engineOf(symbol: string): SymbolEngine {
    const engine = this.symbols.get(symbol) ?? new SymbolEngine();
    this.symbols.set(symbol, engine);
    return engine;
  }

  private readonly now = (): Date => this.clock.now();
}
