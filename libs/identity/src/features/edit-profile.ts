import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DomainError } from '#kernel';
import { Database } from '#platform/persistence';
import { sessionEnded } from '../contracts/index.ts';
import { normaliseEmail } from '../domain/user.ts';
import { AddressChanges } from './address-changes.ts';
import { assertPasswordAllowed } from './allowed-passwords.ts';
import { AuditLog } from './audit-log.ts';
import { lockAccount } from './lock-account.ts';
import { PasswordChanges } from './password-changes.ts';
import { hashPassword, passwordFits } from './passwords.ts';
import type { Client } from './sessions.ts';

/** What is given is changed. */
export interface ProfileChanges {
  readonly name?: string | null | undefined;
  readonly email?: string | undefined;
  readonly password?: string | undefined;
  /** Needed for a new address or password: an open session alone is not proof enough. */
  readonly currentPassword?: string | undefined;
}

/**
 * Changes an account for its owner, whose session goes on; a new password ends their others.
 * @throws DomainError identity.wrong-password, identity.no-password, identity.password-common, identity.session-ended; identity.email-taken
 *   where addresses are not confirmed
 */
export class EditProfile extends Command<void> {
  constructor(
    readonly userId: string,
    readonly sessionId: string | null,
    readonly changes: ProfileChanges,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(EditProfile)
export class EditProfileHandler implements ICommandHandler<EditProfile> {
  constructor(
    private readonly database: Database,
    private readonly passwords: PasswordChanges,
    private readonly addresses: AddressChanges,
    private readonly audit: AuditLog,
  ) {}

  async execute({ userId, sessionId, changes, client }: EditProfile): Promise<void> {
    const { name, email, password } = changes;
    const proven = await this.provenHash(userId, changes);
    const next = password === undefined ? null : await hashPassword(password);
    await this.database.transaction(async () => {
      const user = await lockAccount(this.database, userId);
      if (!user) throw sessionEnded();
      // Changed since the given one was looked at.
      if (needsProof(changes) && proven !== user.passwordHash) throw wrongPassword();
      if (name !== undefined) user.name = name;
      const written = { userId, actorId: userId, address: client.address };
      // First, since it voids what was mailed.
      if (next !== null) {
        await this.passwords.apply(user, next, sessionId);
        await this.audit.record({ ...written, type: 'password-changed' });
      }
      if (email !== undefined && normaliseEmail(email) !== user.email) {
        await this.addresses.ask(user, normaliseEmail(email), client);
      }
    });
  }

  /** The hash that the current password fits; null where none was needed. */
  private async provenHash(userId: string, changes: ProfileChanges): Promise<string | null> {
    const { password, currentPassword } = changes;
    if (!needsProof(changes)) return null;
    const [user] = await this.database.sql<{ email: string; passwordHash: string | null }>`
      select email, password_hash as "passwordHash" from identity.users where id = ${userId}`;
    if (!user) throw sessionEnded();
    if (user.passwordHash === null) throw noPassword();
    if (!(await passwordFits(user.passwordHash, currentPassword ?? ''))) throw wrongPassword();
    if (password !== undefined) await assertPasswordAllowed(password, user.email);
    return user.passwordHash;
  }
}

const needsProof = ({ email, password }: ProfileChanges): boolean => (email ?? password) !== undefined;

const wrongPassword = () =>
  new DomainError('invalid', 'identity.wrong-password', 'The current password is another one.', [
    { pointer: '/currentPassword', detail: 'This is not the current password.' },
  ]);

const noPassword = () =>
  new DomainError(
    'conflict',
    'identity.no-password',
    'This account has no password; set one by `POST /v1/auth/forgot-password` first.',
  );
