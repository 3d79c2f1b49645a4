import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Outbox } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { Sealer } from '#platform/secrets';
import { askedAddressPurpose, PasswordResetRequested } from '../contracts/index.ts';
import { normaliseEmail } from '../domain/user.ts';

/** Asks for a mail to set a new password with. Whether the address has an account is looked at after the answer. */
export class RequestPasswordReset extends Command<void> {
  constructor(readonly email: string) {
    super();
  }
}

@CommandHandler(RequestPasswordReset)
export class RequestPasswordResetHandler implements ICommandHandler<RequestPasswordReset> {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly sealer: Sealer,
  ) {}

  async execute({ email }: RequestPasswordReset): Promise<void> {
    const sealedEmail = this.sealer.seal(askedAddressPurpose, normaliseEmail(email));
    await this.database.transaction(() => this.outbox.append([new PasswordResetRequested({ sealedEmail })]));
  }
}
