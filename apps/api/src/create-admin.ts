import { randomBytes } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { Register } from '#libs/identity';
import { loadConfig } from '#platform/config';
import { fail } from '#platform/lifecycle';
import { waitForTables } from '#platform/services';
import { ApiModule, contexts } from './api.module.ts';

/** `npm run admin:create -- ada@example.org`: makes an account with the role admin and prints its password once. */
async function createAdmin(): Promise<string> {
  const email = process.argv[2] ?? '';
  if (!/^\S+@\S+$/.test(email)) return fail('Give an address: npm run admin:create -- ada@example.org');
  const config = loadConfig(process.env);
  if (config.databaseUrl === null) {
    return fail('Set DATABASE_URL. At an embedded installation the first person who registers is the admin.');
  }
  await waitForTables(config, contexts);
  const module = ApiModule.forRoot(config);
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  try {
    const password = randomBytes(15).toString('base64url');
    const { email: address } = await app
      .get(CommandBus)
      .execute(new Register(email, password, null, 'admin'));
    return `${address} is an admin now. Password, shown only here: ${password}`;
  } finally {
    await app.close();
  }
}

try {
  process.stdout.write(`${await createAdmin()}\n`);
} catch (error) {
  fail(error);
}
