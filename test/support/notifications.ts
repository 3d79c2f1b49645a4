import { type CanActivate, type ExecutionContext, Injectable, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { NotificationsHttpModule, notificationsPersistence } from '#libs/notifications';
import { loadConfig } from '#platform/config';
import { configureHttp, httpAdapter, type Principal, type Role } from '#platform/http';
import { platformModules } from '#platform/lifecycle';
import { Database } from '#platform/persistence';
import { createMigratedDatabase } from './migrated-database.ts';
import { Outside, outsideProviders } from './notifications-outside.ts';
import { sessionOf } from './principal.ts';

/** Takes the caller from two headers, where production takes them from a token. */
@Injectable()
class HeaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context
      .switchToHttp()
      .getRequest<{ user: Principal; headers: Record<string, string | undefined> }>();
    const { 'x-user': userId = '', 'x-role': role = 'user' } = request.headers;
    request.user = sessionOf(userId, role as Role);
    return true;
  }
}

@Module({
  imports: [NotificationsHttpModule],
  providers: [...outsideProviders, { provide: APP_GUARD, useClass: HeaderGuard }],
})
class NotificationsAlone {}

/** The notifications context over HTTP on a database of its own, with its neighbours played by {@link Outside}. */
export async function startNotifications(adminUrl: string) {
  const testDatabase = await createMigratedDatabase(adminUrl, [notificationsPersistence]);
  const config = loadConfig({
    DATABASE_URL: testDatabase.url,
    TOCSIN_PROFILE: 'embedded',
    LOG_LEVEL: 'trace',
    PUBLIC_URL: 'https://tocsin.test',
    JWT_SECRET: 'a secret of a test, long enough for it',
    ENCRYPTION_KEY: 'a secret of a test, long enough for it',
  });
  const modules = [...platformModules(config, 'test', [notificationsPersistence]), NotificationsAlone];
  const testing = await Test.createTestingModule({ imports: modules }).compile();
  const app = await configureHttp(testing.createNestApplication<NestFastifyApplication>(httpAdapter(config)));
  await app.init();

  /** Calls a route as this person. */
  async function call(
    principal: Principal,
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    payload?: object,
  ) {
    const headers = { 'x-user': principal.userId, 'x-role': principal.role };
    const answer = await app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.json<Record<string, unknown>>(),
    };
  }

  async function close(): Promise<void> {
    await app.close();
    await testDatabase.drop();
  }

  return { app, call, close, database: app.get(Database), outside: app.get(Outside) };
}
export type NotificationsBench = Awaited<ReturnType<typeof startNotifications>>;
