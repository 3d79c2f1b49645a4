import { Injectable, Logger } from '@nestjs/common';
import { Metrics } from '#platform/metrics';
import type { Outcome } from '../channels/channel.ts';
import type { Provider } from './provider.ts';
import { Providers } from './providers.ts';
import { SharedLimits } from './shared-limits.ts';
import {
  absence,
  type Applicant,
  longestWaitMs,
  type Permit,
  soonest,
  usable,
  type Waiter,
} from './waiter.ts';

/** Portions of a rate are not asked for more often. */
const shortestWaitMs = 5;

/**
 * Who may claim next: before a claim a job waits here until a provider takes another message, alerts and mails about
 * accounts before bulk. Where nothing limits it asks nobody and sets no timer.
 */
@Injectable()
export class Admission {
  private readonly logger = new Logger(Admission.name);
  /** In the order in which they came. */
  private readonly waiting = new Set<Waiter>();
  private underWay = 0;
  private freedAt = 0;
  private serving = false;
  private askedAgain = false;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly providers: Providers,
    private readonly limits: SharedLimits,
    metrics: Metrics,
  ) {
    metrics.gauge(
      'tocsin_delivery_waiting_jobs',
      'Jobs that this worker has in hand and that wait for a provider, unclaimed: urgent or bulk.',
      ['priority'],
      () => [
        [{ priority: 'urgent' }, this.inOrder(false).length],
        [{ priority: 'bulk' }, this.inOrder(true).length],
      ],
    );
  }

  /** Resolves to a permit, or to the milliseconds after which the job should come again. */
  async admit(applicant: Applicant): Promise<Permit | number> {
    if (this.closed) return 0;
    const candidates = this.providers.for(applicant);
    const provider = usable(candidates);
    if (provider?.rate === null && this.waiting.size === 0) return this.permit(provider, applicant);
    return new Promise((resolve) => this.wait({ ...applicant, candidates, resolve }));
  }

  /** Something may have changed that somebody waits for. */
  wake(): void {
    if (this.waiting.size > 0) void this.serve();
  }

  /** Sends everybody back who waits, and who comes later. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const waiter of this.waiting) this.leave(waiter, 0);
  }

  private wait(waiter: Waiter): void {
    this.waiting.add(waiter);
    if (!waiter.bulk) {
      for (const provider of waiter.candidates) provider.askAt = 0;
      this.makeRoom();
    }
    this.wake();
  }

  /** All that this worker may have in hand waits or is under way, and more that is urgent may stand in the queue. */
  private makeRoom(): void {
    if (this.waiting.size + this.underWay < this.providers.atOnce) return;
    const last = this.inOrder(true).at(-1);
    if (last) this.leave(last, longestWaitMs);
  }

  private async serve(): Promise<void> {
    this.askedAgain = true;
    if (this.serving) return;
    this.serving = true;
    while (this.askedAgain) {
      this.askedAgain = false;
      await this.round().catch((error: unknown) => this.logger.warn(`No portion: ${String(error)}`));
    }
    this.serving = false;
    this.serveLater();
  }

  private serveLater(): void {
    clearTimeout(this.timer);
    if (this.waiting.size === 0 || this.closed) return;
    const ms = Math.min(longestWaitMs, ...[...this.waiting].map(({ candidates }) => soonest(candidates)));
    const look = () => {
      if (performance.now() - this.freedAt >= longestWaitMs) this.makeRoom();
      this.wake();
    };
    this.timer = setTimeout(look, Math.max(shortestWaitMs, ms));
  }

  private async round(): Promise<void> {
    const wanting = new Set<Provider>();
    for (const waiter of [...this.inOrder(false), ...this.inOrder(true)]) {
      const provider = usable(waiter.candidates);
      if (provider?.rate === null) this.leave(waiter, this.permit(provider, waiter));
      else if (provider) wanting.add(provider);
      // Others have somewhere to go: it must not stand in their way.
      else if (this.providers.all.some(({ waitMs }) => waitMs === 0)) this.leave(waiter, absence(waiter));
    }
    for (const provider of wanting) if (provider.askAt <= performance.now()) await this.share(provider);
  }

  /** Asks for the rest of the second's messages, for all who want to go there. */
  private async share(provider: Provider): Promise<void> {
    const { name, rate, unused } = provider;
    if (rate === null) return;
    const wanting = (bulk: boolean) =>
      this.inOrder(bulk).filter(({ candidates }) => usable(candidates) === provider);
    const demand = { urgent: wanting(false).length, bulk: wanting(true).length };
    provider.askAt = performance.now() + longestWaitMs;
    const portion = await this.limits.take(name, rate, demand, unused);
    provider.unused += portion.urgent + portion.bulk - unused;
    // Unless somebody urgent came meanwhile, or what was not used came back: then at once.
    if (provider.askAt > 0 && portion.nextMs !== null) {
      provider.askAt = performance.now() + Math.max(shortestWaitMs, portion.nextMs);
    } else provider.askAt = 0;
    for (const bulk of [false, true]) {
      for (const waiter of wanting(bulk).slice(0, bulk ? portion.bulk : portion.urgent)) {
        if (provider.waitMs > 0) return;
        provider.unused -= 1;
        this.leave(waiter, this.permit(provider, waiter));
      }
    }
  }

  private inOrder(bulk: boolean): Waiter[] {
    return [...this.waiting].filter((waiter) => waiter.bulk === bulk);
  }

  private leave(waiter: Waiter, answer: Permit | number): void {
    if (!this.waiting.delete(waiter)) return;
    this.freedAt = performance.now();
    waiter.resolve(answer);
  }

  private permit(provider: Provider, { deliveryId }: Applicant): Permit {
    this.underWay += 1;
    let told = false;
    // The one that finds out whether a provider works again goes in any case.
    const finds = provider.waitMs === 0 && provider.position !== 'closed';
    const ended = provider.circuit.begin();
    const tell = async (outcome: Outcome) => {
      told = true;
      await ended(outcome);
      await this.providers.met(provider, deliveryId, outcome);
      this.wake();
      return outcome.kind === 'refused' && this.providers.isAnotherUsable(provider.name);
    };
    const end = () => {
      this.underWay -= 1;
      this.freedAt = performance.now();
      if (told) return;
      provider.giveBack();
      void ended().then(() => this.wake());
    };
    return {
      provider,
      tell,
      end,
      get holds() {
        return finds || provider.waitMs === 0;
      },
    };
  }
}
