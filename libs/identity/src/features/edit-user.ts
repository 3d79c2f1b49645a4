import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DomainError } from '#kernel';
import type { Role } from '#platform/http';
import { Database } from '#platform/persistence';
import { sessionEnded } from '../contracts/index.ts';
import { ApiKeys } from './api-keys.ts';
import { AuditLog } from './audit-log.ts';
import { userNotFound } from './find-user.ts';
import { type Client, Sessions } from './sessions.ts';

/** What is given is changed. */
export interface UserChanges {
  readonly role?: Role | undefined;
  readonly banned?: boolean | undefined;
}

/**
 * Changes what somebody may do, for an administrator. It holds at once: all sessions end, and with them every access
 * token that says something else.
 * @throws DomainError identity.user-not-found, identity.own-role, identity.session-ended
 */
export class EditUser extends Command<void> {
  constructor(
    readonly id: string,
    readonly actorId: string,
    readonly changes: UserChanges,
    readonly client: Client,
  ) {
    super();
  }
}

interface Standing {
  readonly role: Role;
  readonly banned: boolean;
}

@CommandHandler(EditUser)
export class EditUserHandler implements ICommandHandler<EditUser> {
  constructor(
    private readonly database: Database,
    private readonly sessions: Sessions,
    private readonly apiKeys: ApiKeys,
    private readonly audit: AuditLog,
  ) {}

  execute({ id, actorId, changes, client }: EditUser): Promise<void> {
    return this.database.transaction(async () => {
      const before = await this.lock(id, actorId);
      const { role = before.role, banned = before.banned } = changes;
      // Whoever is left to change roles has the role: there is always one.
      if (id === actorId && (role !== 'admin' || banned)) throw ownRole();
      await this.database.sql`
        update identity.users
        set role = ${role}, banned_at = case when ${banned} then coalesce(banned_at, now()) end where id = ${id}`;
      const by = { actorId, address: client.address };
      if (role !== before.role) {
        const details = { from: before.role, to: role };
        await this.audit.record({ type: 'role-changed', userId: id, ...by, details });
        if (role !== 'admin') await this.apiKeys.revokeAll(id, { scope: 'ticks:write', ...by });
      }
      if (banned !== before.banned)
        await this.audit.record({ type: banned ? 'banned' : 'unbanned', userId: id, ...by });
      if (role !== before.role || (banned && !before.banned)) await this.sessions.endAll(id);
    });
  }

  /** Both at once: of two administrators who take the role from each other one is too late. */
  private async lock(id: string, actorId: string): Promise<Standing> {
    const rows = await this.database.sql<Standing & { id: string }>`
      select id, role, banned_at is not null as banned from identity.users
      where id = any(${[id, actorId]}) order by id for no key update`;
    const actor = rows.find((row) => row.id === actorId);
    if (actor?.role !== 'admin' || actor.banned) throw sessionEnded();
    const user = rows.find((row) => row.id === id);
    if (!user) throw userNotFound();
    return user;
  }
}

const ownRole = () =>
  new DomainError(
    'conflict',
    'identity.own-role',
    'You cannot ban yourself or give up being an administrator; another one can do it.',
  );
