import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Database } from '#platform/persistence';
import { suppressionNotFound } from '../domain/delivery.errors.ts';

/**
 * Lets mail to an address again. What was suppressed stays so, as every end.
 * @throws DomainError delivery.suppression-not-found
 */
export class LiftSuppression extends Command<void> {
  constructor(readonly id: string) {
    super();
  }
}

@CommandHandler(LiftSuppression)
export class LiftSuppressionHandler implements ICommandHandler<LiftSuppression> {
  constructor(private readonly database: Database) {}

  async execute({ id }: LiftSuppression): Promise<void> {
    const [lifted] = await this.database.sql<{ id: string }>`
      delete from delivery.operator_suppressions where id = ${id} returning id`;
    if (!lifted) throw suppressionNotFound();
  }
}
