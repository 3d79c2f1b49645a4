import { Injectable } from '@nestjs/common';
import type { Counter, Histogram } from '@prometheus-io/client';
import { delays, Metrics } from '#platform/metrics';
import type { Claim } from '../features/claim-deliveries.ts';
import type { Attempted } from '../features/settle-attempts.ts';

/** What a worker that hands deliveries over counts and measures. */
@Injectable()
export class DeliveryMetrics {
  readonly claims: Counter<'outcome'>;
  readonly settled: Counter<'status'>;
  readonly fenced: Counter;
  private readonly attempts: Counter<'channel' | 'provider' | 'outcome'>;
  private readonly handOver: Histogram<'channel' | 'provider'>;
  private readonly delay: Histogram<'channel'>;

  constructor(metrics: Metrics) {
    this.claims = metrics.counter(
      'tocsin_delivery_claims_total',
      'Jobs taken, by outcome: claimed, or skipped (out of date, ended, deleted or held).',
      ['outcome'],
    );
    this.attempts = metrics.counter(
      'tocsin_delivery_attempts_total',
      'Claims that ended, by what the provider did: accepted, refused, failed, ambiguous, or not_handed_over.',
      ['channel', 'provider', 'outcome'],
    );
    this.settled = metrics.counter(
      'tocsin_delivery_settled_total',
      "Attempts written down, by the status of the delivery after it; overtaken when it was somebody else's by then.",
      ['status'],
    );
    this.handOver = metrics.histogram(
      'tocsin_delivery_hand_over_duration_seconds',
      'Time to hand a message to its provider and hear what became of it.',
      ['channel', 'provider'],
    );
    this.delay = metrics.histogram(
      'tocsin_delivery_request_to_accepted_seconds',
      'From the request of a delivery until a provider accepted it, retries included.',
      ['channel'],
      delays,
    );
    this.fenced = metrics.counter(
      'tocsin_delivery_fenced_sessions_total',
      'Liveness locks that were lost or given up; what was being handed over under one may be sent twice.',
    );
  }

  attempted({ channel, requestedAt }: Claim, provider: string, attempted: Attempted): void {
    const { handedOverAt, settledAt, kind } = attempted;
    this.attempts.inc({ channel, provider, outcome: handedOverAt ? kind : 'not_handed_over' });
    if (handedOverAt) this.handOver.observe({ channel, provider }, secondsBetween(handedOverAt, settledAt));
    if (kind === 'accepted') this.delay.observe({ channel }, secondsBetween(requestedAt, settledAt));
  }
}

/** Never less than none: the two may come from different clocks. */
const secondsBetween = (from: Date, to: Date): number => Math.max(0, to.getTime() - from.getTime()) / 1000;
