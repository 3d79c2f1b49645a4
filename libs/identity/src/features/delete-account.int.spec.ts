import type { INestApplicationContext } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { newId } from '#kernel';
import { platformModules } from '#platform/lifecycle';
import { type Reaction, ReactsWithin } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { tablesWith } from '../../../../test/support/find-in-database.ts';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { someClient } from '../../../../test/support/principal.ts';
import { HoldAccounts, UserDeleted } from '../contracts/index.ts';
import { IdentityModule, identityPersistence } from '../identity.module.ts';
import { DeleteAccount } from './delete-account.ts';
import { EndedSessions } from './ended-sessions.ts';
import { LogIn } from './log-in.ts';
import { RefreshSession } from './refresh-session.ts';
import { Register } from './register.ts';

/** What another context does in the deleting transaction. */
@ReactsWithin(UserDeleted)
class OnUserDeleted implements Reaction<UserDeleted> {
  readonly told: UserDeleted['payload'][] = [];

  async react({ payload }: UserDeleted): Promise<void> {
    this.told.push(payload);
  }
}

const password = 'correct horse battery staple';
let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
let app: INestApplicationContext;
let database: Database;
let others: OnUserDeleted;
let beside: Client;

beforeAll(async () => {
  postgres = await migratedDatabase([identityPersistence], {
    JWT_SECRET: 'a secret of a test, long enough for it',
  });
  const imports = [...platformModules(postgres.config, 'test', [identityPersistence]), IdentityModule];
  app = await Test.createTestingModule({ imports, providers: [OnUserDeleted] }).compile();
  await app.init();
  database = app.get(Database);
  others = app.get(OnUserDeleted);
  beside = new Client({ connectionString: postgres.url });
  await beside.connect();
});
afterAll(async () => {
  await beside.end();
  await app.close();
  await postgres.drop();
});
beforeEach(() => {
  others.told.length = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Somebody who has logged in once. */
async function person() {
  const email = `${newId()}@example.org`;
  const { id } = await app.get(CommandBus).execute(new Register(email, password, 'Ada'));
  const logIn = () => app.get(CommandBus).execute(new LogIn(email, password, someClient));
  const { refreshToken } = await logIn();
  return { id, email, refreshToken, logIn };
}
const remove = (userId: string) => app.get(CommandBus).execute(new DeleteAccount(userId, someClient));
const refresh = (token: string) => app.get(CommandBus).execute(new RefreshSession(token, someClient));
const hold = (userId: string) => app.get(QueryBus).execute(new HoldAccounts([userId]));

describe('Deleting an account', () => {
  it('leaves nothing of it here but the entries of the audit log', async () => {
    const { id, email } = await person();
    await database.sql`
      insert into identity.registrations (id, email, password_hash, expires_at)
      values (${newId()}, ${email}, '', now() + interval '1 day')`;
    await remove(id);
    expect(await tablesWith(database, email)).toEqual(['platform.outbox']);
    expect(await tablesWith(database, id)).toEqual(['identity.audit', 'platform.outbox']);
    const [entry] = await database.sql`
      select type, actor_id as actor, address from identity.audit where user_id = ${id} order by id desc limit 1`;
    expect(entry).toEqual({ type: 'account-deleted', actor: id, address: someClient.address });
  });

  it('ends its sessions at once', async () => {
    const { id, refreshToken, logIn } = await person();
    const sessions = await database.sql<{
      id: string;
    }>`select id from identity.sessions where user_id = ${id}`;
    await remove(id);
    expect(sessions).toHaveLength(1);
    for (const session of sessions) expect(await app.get(EndedSessions).has(session.id)).toBe(true);
    await expect(refresh(refreshToken)).rejects.toMatchObject({ code: 'identity.refresh-token-invalid' });
    await expect(logIn()).rejects.toMatchObject({ code: 'identity.wrong-credentials' });
  });

  it('tells the other contexts, once however often it is asked for', async () => {
    const { id, email } = await person();
    await remove(id);
    await remove(id);
    await remove(newId());
    expect(others.told).toEqual([{ userId: id, email }]);
  });

  it('does not happen when one of them fails', async () => {
    const { id, logIn } = await person();
    vi.spyOn(others, 'react').mockRejectedValueOnce(new Error('cannot'));
    await expect(remove(id)).rejects.toThrow('cannot');
    expect(await logIn()).toMatchObject({ tokenType: 'Bearer' });
  });

  it("touches nobody else's", async () => {
    const [one, other] = [await person(), await person()];
    await remove(one.id);
    expect(await other.logIn()).toMatchObject({ tokenType: 'Bearer' });
    expect(await refresh(other.refreshToken)).toBeDefined();
  });

  it('leaves its address to whoever registers it', async () => {
    const { id, email } = await person();
    await remove(id);
    const again = await app.get(CommandBus).execute(new Register(email, password, null));
    expect(again).toMatchObject({ email });
    expect(again.id).not.toBe(id);
  });
});

describe('Holding an account', () => {
  it('has its deletion wait, which then sees what was added', async () => {
    const { id, email } = await person();
    const steps: string[] = [];
    const held = Promise.withResolvers<void>();
    const adding = database.transaction(async () => {
      expect(await hold(id)).toEqual([{ userId: id, email, emailVerified: true }]);
      held.resolve();
      await expect.poll(waitingForLocks).toBe(1);
      steps.push('added');
    });
    await held.promise;
    await Promise.all([adding, remove(id).then(() => steps.push('deleted'))]);
    expect(steps).toEqual(['added', 'deleted']);
  });

  it('waits for a deletion, and then finds nobody', async () => {
    const { id } = await person();
    const begun = Promise.withResolvers<void>();
    vi.spyOn(others, 'react').mockImplementationOnce(async () => {
      begun.resolve();
      await expect.poll(waitingForLocks).toBe(1);
    });
    const removing = remove(id);
    await begun.promise;
    expect(await database.transaction(() => hold(id))).toEqual([]);
    await removing;
  });

  it('keeps nobody from changing anything else about the person', async () => {
    const { id } = await person();
    await database.transaction(async () => {
      await hold(id);
      await beside.query(`set lock_timeout = '5s'`);
      const renamed = await beside.query(
        `update identity.users set name = 'Bo', role = 'operator' where id = $1`,
        [id],
      );
      expect(renamed.rowCount).toBe(1);
    });
  });

  it('is refused outside of a transaction, where it would hold nothing', async () => {
    await expect(hold(newId())).rejects.toThrow('held for a transaction');
  });
});

/** Asked beside the transactions of the process: within one the answer would stay the first. */
async function waitingForLocks(): Promise<number> {
  const { rows } = await beside.query<{ waiting: number }>(`
    select count(*)::integer as waiting from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`);
  return rows[0]?.waiting ?? 0;
}
