import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { announce, Loop } from '#platform/lifecycle';
import { FindHold } from '../contracts/index.ts';

const everyMs = 60_000;
const repeatMs = 3_600_000;

/** Says that sending is held: to whoever starts Tocsin, and in the log, again each hour; and when it is over. */
@Injectable()
export class TellOfHold implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(TellOfHold.name);
  private readonly looking = new Loop(TellOfHold.name, () => this.look(), everyMs);
  /** When it was last said, by the clock of the process; undefined while nothing is held. */
  private said: number | undefined;

  constructor(private readonly queries: QueryBus) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.look(announce);
    this.looking.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.looking.stop();
  }

  private async look(also: (sentence: string) => void = () => {}): Promise<void> {
    const hold = await this.queries.execute(new FindHold());
    if (!hold) {
      if (this.said !== undefined) this.logger.log('Sending is released.');
      this.said = undefined;
      return;
    }
    const now = performance.now();
    if (this.said !== undefined && now - this.said < repeatMs) return;
    this.said = now;
    const since = `${hold.since.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    this.logger.warn(`Sending is held since ${since} (${hold.reason}): npm run release`);
    also(`Sending is held since ${since}: npm run release`);
  }
}
