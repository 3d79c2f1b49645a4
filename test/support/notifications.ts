import { type CanActivate, type ExecutionContext, Injectable, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { newId } from '#kernel';
import {
  type DeliveryCounts,
  type DeliveryView,
  FindSourceState,
  ListDeliveries,
  type SourceState,
} from '#libs/delivery/contracts';
import { type Contact, FindContacts } from '#libs/identity/contracts';
import { FindInstrument, FindQuotes, type Instrument, type Quote } from '#libs/market-data/contracts';
import { NotificationsHttpModule, notificationsPersistence } from '#libs/notifications';
import { NotificationDeleted } from '#libs/notifications/contracts';
import { loadConfig } from '#platform/config';
import { configureHttp, httpAdapter, type Principal, type Role } from '#platform/http';
import { platformModules } from '#platform/lifecycle';
import { type Reaction, ReactsWithin } from '#platform/messaging';
import { Database, migrate } from '#platform/persistence';
import { createDatabase } from './database.ts';

export const counts = (some: Partial<DeliveryCounts>): DeliveryCounts => ({
  pending: 0,
  sending: 0,
  retrying: 0,
  sent: 0,
  failed: 0,
  cancelled: 0,
  suppressed: 0,
  unknown: 0,
  ...some,
});

/** What the contexts around notifications know and answer, for a test to set. */
@Injectable()
export class Outside {
  readonly contacts: Contact[] = [];
  readonly quotes: Quote[] = [];
  readonly deliveries: DeliveryView[] = [];
  /** The states of a source, one an answer; the last one stays. */
  readonly states = new Map<string, SourceState[]>();
  /** Notifications of which delivery was told that they are deleted. */
  readonly toldDeleted: string[] = [];

  /** Adds a person; returns them as a caller. */
  person(role: Role, contact: Partial<Contact> = {}): Principal {
    const userId = newId();
    this.contacts.push({ userId, email: `${userId}@example.org`, emailVerified: true, ...contact });
    return { userId, role };
  }

  stateIs(id: string, ...states: Partial<SourceState>[]): void {
    const complete = states.map((state) => ({
      counts: counts({}),
      inFlight: [],
      lastSentAt: null,
      ...state,
    }));
    this.states.set(id, complete);
  }
}

const instrument = (symbol: string, alias: string): Instrument => ({
  symbol,
  name: alias,
  type: 'crypto',
  currency: 'USD',
  source: 'binance',
  aliases: [alias],
  priceScale: 8,
});
const instruments = [instrument('BTC-USD', 'BTCUSDT'), instrument('ETH-USD', 'ETHUSDT')];

@QueryHandler(FindInstrument)
class FindInstrumentHandler implements IQueryHandler<FindInstrument> {
  async execute({ symbolOrAlias }: FindInstrument): Promise<Instrument | null> {
    const name = symbolOrAlias.toUpperCase();
    return instruments.find(({ symbol, aliases }) => symbol === name || aliases.includes(name)) ?? null;
  }
}

@QueryHandler(FindQuotes)
class FindQuotesHandler implements IQueryHandler<FindQuotes> {
  constructor(private readonly outside: Outside) {}

  async execute({ symbols }: FindQuotes): Promise<Quote[]> {
    return this.outside.quotes.filter(({ symbol }) => symbols.includes(symbol));
  }
}

@QueryHandler(FindContacts)
class FindContactsHandler implements IQueryHandler<FindContacts> {
  constructor(private readonly outside: Outside) {}

  async execute({ userIds }: FindContacts): Promise<Contact[]> {
    return this.outside.contacts.filter(({ userId }) => userIds.includes(userId));
  }
}

@QueryHandler(ListDeliveries)
class ListDeliveriesHandler implements IQueryHandler<ListDeliveries> {
  constructor(private readonly outside: Outside) {}

  async execute({ page, perPage }: ListDeliveries): Promise<{ items: DeliveryView[]; total: number }> {
    const { deliveries } = this.outside;
    return { items: deliveries.slice((page - 1) * perPage, page * perPage), total: deliveries.length };
  }
}

@QueryHandler(FindSourceState)
class FindSourceStateHandler implements IQueryHandler<FindSourceState> {
  constructor(private readonly outside: Outside) {}

  async execute({ source }: FindSourceState): Promise<SourceState> {
    const [state, ...later] = this.outside.states.get(source.id) ?? [];
    if (later.length > 0) this.outside.states.set(source.id, later);
    return state ?? { counts: counts({}), inFlight: [], lastSentAt: null };
  }
}

@ReactsWithin(NotificationDeleted)
class OnNotificationDeleted implements Reaction<NotificationDeleted> {
  constructor(private readonly outside: Outside) {}

  async react({ payload }: NotificationDeleted): Promise<void> {
    this.outside.toldDeleted.push(payload.notificationId);
  }
}

/** Takes the caller from two headers, where production takes them from a token. */
@Injectable()
class HeaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context
      .switchToHttp()
      .getRequest<{ user: Principal; headers: Record<string, string | undefined> }>();
    request.user = {
      userId: request.headers['x-user'] ?? '',
      role: (request.headers['x-role'] ?? 'user') as Role,
    };
    return true;
  }
}

@Module({
  imports: [NotificationsHttpModule],
  providers: [
    Outside,
    FindInstrumentHandler,
    FindQuotesHandler,
    FindContactsHandler,
    ListDeliveriesHandler,
    FindSourceStateHandler,
    OnNotificationDeleted,
    { provide: APP_GUARD, useClass: HeaderGuard },
  ],
})
class NotificationsAlone {}

/** The notifications context over HTTP on a database of its own, with its neighbours played by {@link Outside}. */
export async function startNotifications(adminUrl: string) {
  const testDatabase = await createDatabase(adminUrl);
  const config = loadConfig({
    DATABASE_URL: testDatabase.url,
    TOCSIN_PROFILE: 'embedded',
    LOG_LEVEL: 'silent',
    PUBLIC_URL: 'https://tocsin.test',
    JWT_SECRET: 'a secret of a test, long enough for it',
    ENCRYPTION_KEY: 'a secret of a test, long enough for it',
  });
  await migrate(config, [notificationsPersistence]);
  const modules = [...platformModules(config, 'test', [notificationsPersistence]), NotificationsAlone];
  const testing = await Test.createTestingModule({ imports: modules }).compile();
  const app = await configureHttp(testing.createNestApplication<NestFastifyApplication>(httpAdapter()));
  await app.init();

  /** Calls a route as this person. */
  async function call(
    principal: Principal,
    method: 'GET' | 'POST' | 'DELETE',
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
