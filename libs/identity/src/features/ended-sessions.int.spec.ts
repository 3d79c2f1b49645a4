import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { newId } from '#kernel';
import { platformModules } from '#platform/lifecycle';
import { Wakeups } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { migratedDatabase } from '../../../../test/support/migrated-database.ts';
import { IdentityModule, identityPersistence } from '../identity.module.ts';
import { EndedSessions } from './ended-sessions.ts';
import { Sessions } from './sessions.ts';

const ada = newId();
let postgres: Awaited<ReturnType<typeof migratedDatabase>>;
let app: INestApplicationContext;
let database: Database;
const following: EndedSessions[] = [];
/** Questions to Postgres whose answer no test waits for; the pool is closed after them. */
const asked: Promise<boolean>[] = [];

beforeAll(async () => {
  postgres = await migratedDatabase([identityPersistence], {
    JWT_SECRET: 'a secret of a test, long enough for it',
  });
  const imports = [...platformModules(postgres.config, 'test', [identityPersistence]), IdentityModule];
  app = await (await Test.createTestingModule({ imports }).compile()).init();
  database = app.get(Database);
  await database.sql`
    insert into identity.users (id, email, role, email_verified, demo, created_at)
    values (${ada}, 'ada@example.org', 'user', true, false, now())`;
});
afterAll(async () => {
  await app.close();
  await postgres.drop();
});

let id: string;
beforeEach(async () => {
  id = newId();
  await database.sql`insert into identity.sessions (id, user_id) values (${id}, ${ada})`;
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(asked.splice(0));
  await Promise.all(following.splice(0).map((process) => process.unfollow()));
});

/** What another process knows, once it knows anything: it answers without asking. */
async function process(wakeups: Pick<Wakeups, 'listen'>, through = database): Promise<EndedSessions> {
  const known = new EndedSessions(through, wakeups as Wakeups);
  following.push(known);
  await known.follow();
  await expect.poll(() => knows(known)).toBe(false);
  return known;
}
/** What it says of a session without asking; null where it has to. */
function knows(known: EndedSessions, session = id): boolean | null {
  const ended = known.has(session);
  if (!(ended instanceof Promise)) return ended;
  asked.push(ended);
  return null;
}
/** As if the connection for notifications were cut and never came back. */
const deaf = { listen: async () => () => true };
/** A session that another process ends, which waits for nobody. */
const endElsewhere = () => database.sql`delete from identity.sessions where id = ${id}`;

describe('a session that ended', () => {
  it('is known to every process once its end was answered', async () => {
    const [one, other] = [await process(app.get(Wakeups)), await process(deaf)];
    await app.get(Sessions).end(id, ada);
    expect([one, other, app.get(EndedSessions)].map((known) => knows(known))).toEqual([true, true, true]);
  });

  it('is heard of by a notification', async () => {
    const known = await process(app.get(Wakeups));
    await endElsewhere();
    await expect.poll(() => knows(known), { timeout: 700, interval: 10 }).toBe(true);
  });

  it('is found within three seconds without any', async () => {
    const known = await process(deaf);
    await endElsewhere();
    await expect.poll(() => knows(known), { timeout: 3_000, interval: 10 }).toBe(true);
  });

  it('is found also when its end is committed after a later one', async () => {
    const late = new Client({ connectionString: postgres.url });
    await late.connect();
    const known = await process(app.get(Wakeups));
    await late.query('begin');
    await late.query('delete from identity.sessions where id = $1', [id]);
    const later = newId();
    await database.sql`insert into identity.sessions (id, user_id) values (${later}, ${ada})`;
    await database.sql`delete from identity.sessions where id = ${later}`;
    await expect.poll(() => knows(known, later)).toBe(true);
    expect(knows(known)).toBe(false);
    await late.query('commit');
    await late.end();
    await expect.poll(() => knows(known), { timeout: 3_000 }).toBe(true);
  });

  it('is asked of Postgres by a process that has read nothing for three seconds', async () => {
    const reading = { broken: false };
    const through = Object.create(database, {
      one: {
        value: (...statement: Parameters<Database['one']>) =>
          reading.broken ? Promise.reject(new Error('The reading fails.')) : database.one(...statement),
      },
    }) as Database;
    const known = await process(app.get(Wakeups), through);
    reading.broken = true;
    await endElsewhere();
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 3_000);
    expect(knows(known)).toBeNull();
    expect(await known.has(id)).toBe(true);
    const living = newId();
    await database.sql`insert into identity.sessions (id, user_id) values (${living}, ${ada})`;
    expect(await known.has(living)).toBe(false);
  });

  it('is asked of Postgres by a process that follows nothing', async () => {
    const known = new EndedSessions(database, app.get(Wakeups));
    expect(await known.has(id)).toBe(false);
    await endElsewhere();
    expect(await known.has(id)).toBe(true);
  });
});
