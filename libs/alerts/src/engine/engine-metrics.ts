import { Injectable } from '@nestjs/common';
import type { Counter, Histogram } from '@prometheus-io/client';
import { Clock } from '#kernel';
import { delays, Metrics } from '#platform/metrics';
import type { Decisions, SymbolEngine } from './symbol-engine.ts';
import type { Firing } from './watched-alert.ts';

/** What the evaluation of a process counts and measures. */
@Injectable()
export class EngineMetrics {
  readonly ticks: Counter;
  private readonly fired: Counter<'origin'>;
  private readonly lost: Counter;
  private readonly duration: Histogram;
  private readonly delay: Histogram<'origin'>;

  constructor(
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {
    this.ticks = metrics.counter('tocsin_evaluation_ticks_total', 'Ticks compared with the alerts.');
    this.fired = metrics.counter(
      'tocsin_evaluation_firings_total',
      'Alerts fired and committed, by the origin of the tick: live or backfill.',
      ['origin'],
    );
    this.lost = metrics.counter(
      'tocsin_evaluation_lost_firings_total',
      'Firings not committed: the alert was changed meanwhile, or another worker was first.',
    );
    this.duration = metrics.histogram(
      'tocsin_evaluation_commit_duration_seconds',
      'Time to commit what a batch of ticks decided.',
    );
    this.delay = metrics.histogram(
      'tocsin_evaluation_tick_to_commit_seconds',
      'From the arrival of a tick until the firing that it caused was committed, by the origin of the tick.',
      ['origin'],
      delays,
    );
  }

  /** Has the alerts in memory told, by what they wait for. */
  watch(symbols: ReadonlyMap<string, SymbolEngine>, behind: ReadonlyMap<string, unknown>): void {
    const sum = (count: (engine: SymbolEngine) => number) =>
      [...symbols.values()].reduce((total, engine) => total + count(engine), 0);
    this.metrics.gauge(
      'tocsin_evaluation_alerts',
      'Active alerts in memory: watched, unanchored (no first price yet), or behind (older ticks are being fetched).',
      ['state'],
      () => [
        [{ state: 'watched' }, sum(({ watched }) => watched)],
        [{ state: 'unanchored' }, sum(({ waiting }) => waiting)],
        [{ state: 'behind' }, behind.size],
      ],
    );
  }

  /** Measures a commit that returns the firings that lost. */
  async commit({ firings }: Decisions, work: () => Promise<Firing[]>): Promise<Firing[]> {
    const began = performance.now();
    const lost = await work();
    this.duration.observe((performance.now() - began) / 1000);
    this.lost.inc(lost.length);
    const now = this.clock.now().getTime();
    const lostOnes = new Set(lost);
    for (const { tick } of firings.filter((firing) => !lostOnes.has(firing))) {
      const { origin, receivedAt } = tick;
      this.fired.inc({ origin });
      this.delay.observe({ origin }, Math.max(0, now - receivedAt.getTime()) / 1000);
    }
    return lost;
  }
}
