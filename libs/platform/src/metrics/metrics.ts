import { setTimeout as delay } from 'node:timers/promises';
import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  type PrometheusContentType,
  Registry,
} from '@prometheus-io/client';

/** Seconds that a piece of work takes. */
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Seconds that something is on its way, retries included. */
export const delays = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

/** The value of a family for one set of labels. */
type Sample<Label extends string> = readonly [labels: Readonly<Record<Label, string>>, value: number];

/** Says what the samples of a family are now; they are absent when it rejects or takes too long. */
type Read<Label extends string> = () => readonly Sample<Label>[] | Promise<readonly Sample<Label>[]>;

/**
 * What a process counts and measures. Each part declares its own families beside the code that counts, under full
 * names that can be searched for. Base units: seconds and bytes. A label's values are few and known to the code, or
 * symbols of the catalogue; never an id, an address or a path with ids.
 */
export class Metrics {
  private readonly registry = new Registry<PrometheusContentType>();
  readonly contentType = this.registry.contentType;

  /**
   * @param app which process of ours this is; the label `process` of every sample
   * @param deadlineMs the longest that a scrape waits for what has to be asked of somebody else
   */
  constructor(
    app: string,
    private readonly deadlineMs = 1_000,
  ) {
    this.registry.setDefaultLabels({ process: app });
  }

  /** With `read` a counter that is kept elsewhere, to be looked at when somebody asks. */
  counter<Label extends string = never>(
    name: `tocsin_${string}_total`,
    help: string,
    labelNames: readonly Label[] = [],
    read?: Read<Label>,
  ): Counter<Label> {
    const collect = read && this.collecting(labelNames, read);
    return new Counter({ name, help, labelNames, registers: [this.registry], ...(collect && { collect }) });
  }

  /** With `read` a gauge that is looked at when somebody asks. */
  gauge<Label extends string = never>(
    name: `tocsin_${string}`,
    help: string,
    labelNames: readonly Label[] = [],
    read?: Read<Label>,
  ): Gauge<Label> {
    const collect = read && this.collecting(labelNames, read);
    return new Gauge({ name, help, labelNames, registers: [this.registry], ...(collect && { collect }) });
  }

  histogram<Label extends string = never>(
    name: `tocsin_${string}_seconds`,
    help: string,
    labelNames: readonly Label[] = [],
    buckets = durations,
  ): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [this.registry] });
  }

  /**
   * CPU, memory, event loop and garbage collection of the process, under the names that every Node program has
   * (`process_…`, `nodejs_…`). Once a process and for good: it cannot be ended.
   */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Everything in Prometheus' text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** Everything as plain objects, to be merged with those of another process. */
  families() {
    return this.registry.getMetricsAsJSON();
  }

  /** Replaces all samples: one that is not told any more is gone. */
  private collecting<Label extends string>(labelNames: readonly Label[], read: Read<Label>) {
    const { deadlineMs } = this;
    return async function (this: Counter<Label> | Gauge<Label>): Promise<void> {
      const samples = await within(deadlineMs, read);
      this.reset();
      // A family without labels is zero once it is reset, which nobody has said.
      if (labelNames.length === 0) this.remove();
      for (const [labels, value] of samples) {
        if (Number.isFinite(value)) this.inc(labels as Parameters<typeof this.remove>[0], value);
      }
    };
  }
}

async function within<T>(
  ms: number,
  read: () => readonly T[] | Promise<readonly T[]>,
): Promise<readonly T[]> {
  try {
    return await Promise.race([read(), delay(ms, [], { ref: false })]);
  } catch {
    return [];
  }
}
