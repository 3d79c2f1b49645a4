import { Global, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Loop } from '../lifecycle/loop.ts';
import { Roles } from '../lifecycle/roles.ts';
import { InTransactionPublisher } from './in-transaction-publisher.ts';
import { Outbox } from './outbox.ts';
import { ReactionRegistry } from './reaction-registry.ts';
import { Reactions } from './reactions.ts';
import { Relay } from './relay.ts';
import { RunReactions } from './run-reactions.ts';
import { Wakeups } from './wakeups.ts';

/** Events of a process: recorded, relayed, published, waited for. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [Outbox, Reactions, ReactionRegistry, InTransactionPublisher, RunReactions, Relay, Wakeups],
  exports: [Outbox, InTransactionPublisher, Relay, Wakeups],
})
export class MessagingModule {}

/** The role `relay`: moves the outbox for the whole installation; several may run. */
@Module({})
export class RelayModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly draining: Loop;
  private readonly takingBack: Loop;
  private readonly pruning: Loop;
  private readonly ending = new AbortController();

  constructor(
    relay: Relay,
    private readonly wakeups: Wakeups,
    private readonly roles: Roles,
  ) {
    this.draining = new Loop('Relay', () => relay.drain(this.ending.signal));
    this.takingBack = new Loop('Relay', async () => {
      if ((await relay.takeBack()) > 0) this.draining.wake();
    });
    this.pruning = new Loop('Relay', () => relay.prune(), 3_600_000);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.wakeups.listen('tocsin_outbox', this.draining.wake);
    this.draining.start();
    this.takingBack.start();
    this.pruning.start();
    this.roles.begun('relay', this.draining);
  }

  async onApplicationShutdown(): Promise<void> {
    this.ending.abort();
    await Promise.all([this.draining.stop(), this.takingBack.stop(), this.pruning.stop()]);
  }
}
