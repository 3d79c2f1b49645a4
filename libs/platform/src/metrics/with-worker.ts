import { Registry } from '@prometheus-io/client';
import { z } from 'zod';
import type { Metrics } from './metrics.ts';

/** The longest that a scrape waits for the worker, which itself waits at most a second for others. */
const patienceMs = 2_000;

const families = z.array(
  z.object({
    name: z.string(),
    help: z.string(),
    type: z.enum(['counter', 'gauge', 'histogram', 'summary']),
    values: z.array(
      z.object({
        // JSON has no word for what is not a number.
        value: z.number().nullable(),
        labels: z.record(z.string(), z.union([z.string(), z.number()])),
        metricName: z.string().optional(),
      }),
    ),
  }),
);
type Families = z.infer<typeof families>;

/**
 * The metrics of this process and of a worker in one text, told apart by their label `process`. Of a worker that does
 * not answer there is nothing.
 */
export async function withWorker(metrics: Metrics, url: string): Promise<string> {
  const both = await Promise.all([metrics.families(), familiesAt(url)]);
  return Registry.aggregate(both.map(asTheyAre)).metrics();
}

async function familiesAt(url: string): Promise<Families> {
  try {
    const answer = await fetch(url, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(patienceMs),
    });
    return families.parse(await answer.json());
  } catch {
    return [];
  }
}

/** No sample of one process has the labels of another's, so there is nothing to add up or to leave out. */
const asTheyAre = (of: readonly { readonly values: readonly { readonly value: number | null }[] }[]) =>
  of.map((family) => ({
    ...family,
    values: family.values.filter(({ value }) => value !== null),
    aggregator: 'first',
  }));
