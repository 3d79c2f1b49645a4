import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { Sealer } from '#platform/secrets';
import { askedAddressPurpose, ConfirmationRequested } from '../contracts/index.ts';
import { normaliseEmail } from '../domain/user.ts';

/** Asks for the mail once more that confirms a registration. Whether there is one is looked at after the answer. */
export class RequestConfirmation extends Command<void> {
  constructor(readonly email: string) {
    super();
  }
}

@CommandHandler(RequestConfirmation)
export class RequestConfirmationHandler implements ICommandHandler<RequestConfirmation> {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly sealer: Sealer,
  ) {}

  async execute({ email }: RequestConfirmation): Promise<void> {
    const sealedEmail = this.sealer.seal(askedAddressPurpose, normaliseEmail(email));
    await this.database.transaction(() => this.outbox.append([new ConfirmationRequested({ sealedEmail })]));
  }
}
