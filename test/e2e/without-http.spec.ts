import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Register } from '#libs/identity';
import { ApiModule, contexts } from '../../apps/api/src/api.module.ts';
import { migratedDatabase } from '../support/migrated-database.ts';

describe('the api without HTTP, as admin:create starts it', () => {
  let database: Awaited<ReturnType<typeof migratedDatabase>>;
  beforeAll(async () => {
    const secret = 'the secret of a test, long enough to sign with';
    database = await migratedDatabase(contexts, { JWT_SECRET: secret, ENCRYPTION_KEY: secret });
  });
  afterAll(() => database.drop());

  it('executes commands, and ends', async () => {
    const module = ApiModule.forRoot(database.config);
    const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    const admin = await app
      .get(CommandBus)
      .execute(new Register('ada@example.org', 'correct horse', null, 'admin'));
    expect(admin).toMatchObject({ email: 'ada@example.org', role: 'admin' });
    await app.close();
  });
});
