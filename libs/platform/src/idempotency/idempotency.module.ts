import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Loop } from '../lifecycle/loop.ts';
import { Database } from '../persistence/index.ts';
import { pruneAnswers } from './kept-answers.ts';

/** Forgets old keys once an hour; in every api process, which costs nothing. */
@Module({})
export class IdempotencyModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly pruning: Loop;

  constructor(database: Database) {
    this.pruning = new Loop('Idempotency', () => pruneAnswers(database), 3_600_000);
  }

  onApplicationBootstrap(): void {
    this.pruning.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.pruning.stop();
  }
}
