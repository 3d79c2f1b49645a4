import { Metrics } from '#platform/metrics';
import type { Database } from '#platform/persistence';
import type { Channel } from '../../libs/delivery/src/channels/channel.ts';
import { Admission } from '../../libs/delivery/src/jobs/admission.ts';
import { Providers } from '../../libs/delivery/src/jobs/providers.ts';
import { SharedLimits } from '../../libs/delivery/src/jobs/shared-limits.ts';

/** What a worker of its own knows of these providers. */
export function admissionTo(database: Database, channels: readonly Channel[]): Admission {
  const [limits, metrics] = [new SharedLimits(database), new Metrics('test')];
  return new Admission(new Providers(channels, new Map(), 10, limits, metrics), limits, metrics);
}
