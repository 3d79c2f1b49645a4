import { Logger, type OnModuleInit } from '@nestjs/common';
import type { Counter } from '@prometheus-io/client';
import type { Metrics } from '#platform/metrics';
import type { Channel, Outcome } from '../channels/channel.ts';
import { type Asked, othersAfter, providersFor } from '../domain/choose-provider.ts';
import { Provider } from './provider.ts';
import type { SharedLimits } from './shared-limits.ts';

const positions = ['closed', 'half-open', 'open', 'paused'] as const;

/** Those who take this worker's messages, the preferred one first, and what it knows of them. */
export class Providers implements OnModuleInit {
  private readonly logger = new Logger(Providers.name);
  private readonly pauses: Counter<'provider'>;
  private readonly names: readonly string[];
  readonly all: readonly Provider[];

  /** @param atOnce messages that this worker hands over at a time */
  constructor(
    channels: readonly Channel[],
    rates: ReadonlyMap<string, number>,
    readonly atOnce: number,
    private readonly limits: SharedLimits,
    metrics: Metrics,
  ) {
    this.all = channels.map((channel) => {
      const { provider: name } = channel;
      return new Provider(channel, rates.get(name) ?? null, (open) => this.tell(name, open));
    });
    this.names = this.all.map(({ name }) => name);
    this.pauses = metrics.counter(
      'tocsin_delivery_provider_pauses_total',
      'Pauses that began because the provider asked this worker to wait.',
      ['provider'],
    );
    metrics.gauge(
      'tocsin_delivery_provider_state',
      'Whether messages go to the provider: 1 for closed (they do), half-open (one does, to find out), open (it does not work) or paused (it asked to wait).',
      ['provider', 'state'],
      () =>
        this.all.flatMap(({ name, position }) =>
          positions.map((state) => [{ provider: name, state }, Number(state === position)] as const),
        ),
    );
  }

  /** Before the first job: a pause outlives the worker that it began with. */
  onModuleInit(): Promise<void> {
    return this.refresh();
  }

  /** Who may take a delivery, in order of preference. */
  for(asked: Asked): readonly Provider[] {
    return this.called(providersFor(asked, this.names));
  }

  /** Whether one that comes after it could take at once what this one has refused. */
  isAnotherUsable(provider: string): boolean {
    const others = this.called(othersAfter(provider, this.names));
    return others.some(({ waitMs }) => waitMs === 0);
  }

  /** Hears what all workers know. */
  async refresh(): Promise<void> {
    const states = new Map((await this.limits.states()).map((state) => [state.name, state]));
    const unknown = this.names.filter((name) => !states.has(name));
    if (unknown.length > 0) await this.limits.know(unknown);
    for (const provider of this.all) provider.learn(states.get(provider.name) ?? { pausedMs: 0, pauses: 0 });
  }

  /**
   * Tells all workers when a provider asks them to wait, and when it accepts again after that. Where that cannot be
   * told, because Postgres is away, nothing can be claimed either.
   */
  async met(provider: Provider, deliveryId: string, outcome: Outcome): Promise<void> {
    const recovers = outcome.kind === 'accepted' && provider.hasPaused;
    if (!outcome.pause && !recovers) return;
    try {
      if (recovers) await this.limits.recover(provider.name);
      else await this.pause(provider, deliveryId, outcome.code);
      await this.refresh();
    } catch (error) {
      this.logger.warn(`What ${provider.name} asked for is not written: ${(error as Error).message}`);
    }
  }

  private async pause({ name }: Provider, deliveryId: string, code: string | null): Promise<void> {
    if (!(await this.limits.pause(name, deliveryId, code))) return;
    this.pauses.inc({ provider: name });
    this.logger.warn(`${name} asks to wait (${code}): nothing goes there for a while.`);
  }

  private called(names: readonly string[]): readonly Provider[] {
    return names.flatMap((wanted) => this.all.filter(({ name }) => name === wanted));
  }

  private tell(name: string, open: boolean): void {
    if (open) this.logger.error(`${name} does not work: nothing but a message now and then goes there.`);
    else this.logger.log(`${name} works again.`);
  }
}
