import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { Clock, DomainError, type InputFault, newId } from '#kernel';
import { FindInstrument } from '#libs/market-data/contracts';
import type { Scope } from '#platform/http';
import { Database } from '#platform/persistence';
import { sessionEnded } from '../contracts/index.ts';
import type { UserRole } from '../domain/user.ts';
import { keyBeginning } from './api-keys.ts';
import { apiKeyColumns, type ApiKeyView } from './api-key-view.ts';
import { AuditLog } from './audit-log.ts';
import { type Client, hashOf, newSecret } from './sessions.ts';

/** What a key is to be good for, and how long. */
export interface Grant {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Of which ticks may be submitted, upper case; null without `ticks:write`. */
  readonly symbols: readonly string[] | null;
  readonly expiresAt: Date | null;
}

/** The one time that a key is shown. */
export interface CreatedApiKey extends ApiKeyView {
  readonly key: string;
}

/** Nobody keeps more of them apart; beyond them a script makes keys by mistake. */
const mostKeys = 100;

/**
 * @throws DomainError identity.expiry-passed, identity.too-many-keys, identity.ticks-by-admin-only, identity.symbol-fed
 */
export class CreateApiKey extends Command<CreatedApiKey> {
  constructor(
    readonly userId: string,
    readonly grant: Grant,
    readonly client: Client,
  ) {
    super();
  }
}

@CommandHandler(CreateApiKey)
export class CreateApiKeyHandler implements ICommandHandler<CreateApiKey> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
    private readonly clock: Clock,
    private readonly audit: AuditLog,
  ) {}

  execute({ userId, grant, client }: CreateApiKey): Promise<CreatedApiKey> {
    const { name, scopes, symbols, expiresAt } = grant;
    if (expiresAt && expiresAt <= this.clock.now()) throw expiryPassed();
    return this.database.transaction(async () => {
      await this.assertMayHave(userId, grant);
      const key = `${keyBeginning}${newSecret()}`;
      const created = await this.database.one<ApiKeyView>`
        insert into identity.api_keys (id, user_id, name, prefix, token_hash, scopes, symbols, expires_at)
        values (${newId()}, ${userId}, ${name}, ${key.slice(0, 12)}, ${hashOf(key)}, ${scopes}, ${symbols}, ${expiresAt})
        returning ${apiKeyColumns}`;
      const details = { keyId: created.id, name, scopes, symbols };
      await this.audit.record({
        type: 'api-key-created',
        userId,
        actorId: userId,
        address: client.address,
        details,
      });
      return { ...created, key };
    });
  }

  private async assertMayHave(userId: string, { symbols }: Grant): Promise<void> {
    // One key of a person at a time, and none while their role changes.
    const [owner] = await this.database.sql<{ role: UserRole }>`
      select role from identity.users where id = ${userId} for no key update`;
    if (!owner) throw sessionEnded();
    const { keys } = await this.database.one<{ keys: number }>`
      select count(*) as keys from identity.api_keys where user_id = ${userId}`;
    if (keys >= mostKeys) throw tooManyKeys();
    if (symbols === null) return;
    if (owner.role !== 'admin') throw byAdminOnly();
    const faults = (await Promise.all(symbols.map((symbol, index) => this.fault(symbol, index)))).flat();
    if (faults.length > 0) throw symbolFed(faults);
  }

  /** What an exchange says of a price, and what is simulated, nobody may contradict. */
  private async fault(symbol: string, index: number): Promise<InputFault[]> {
    const instrument = await this.queries.execute(new FindInstrument(symbol));
    if (!instrument) return [];
    const detail = `Prices of ${instrument.symbol} come from the feed \`${instrument.source}\`; nobody may submit them.`;
    return [{ pointer: `/symbols/${index}`, detail }];
  }
}

const expiryPassed = () => {
  const detail = 'Give a time in the future.';
  return new DomainError('invalid', 'identity.expiry-passed', detail, [{ pointer: '/expiresAt', detail }]);
};

const tooManyKeys = () =>
  new DomainError(
    'conflict',
    'identity.too-many-keys',
    `You have ${mostKeys} API keys; revoke one that is not used any more.`,
  );

const byAdminOnly = () =>
  new DomainError(
    'forbidden',
    'identity.ticks-by-admin-only',
    'Only an administrator can make a key with the scope `ticks:write`.',
  );

const symbolFed = (faults: InputFault[]) =>
  new DomainError('invalid', 'identity.symbol-fed', 'Ticks of these symbols come from a feed.', faults);
