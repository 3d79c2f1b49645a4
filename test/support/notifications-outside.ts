import { Injectable } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { newId } from '#kernel';
import { type DeliveryCounts, FindSourceState, type SourceState } from '#libs/delivery/contracts';
import { type Contact, FindContacts, HoldAccounts } from '#libs/identity/contracts';
import { FindInstrument, FindQuotes, type Instrument, type Quote } from '#libs/market-data/contracts';
import { NotificationDeleted } from '#libs/notifications/contracts';
import type { Principal, Role } from '#platform/http';
import { type Reaction, ReactsWithin } from '#platform/messaging';
import { sessionOf } from './principal.ts';

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
  /** The states of a source, one an answer; the last one stays. */
  readonly states = new Map<string, SourceState[]>();
  /** Notifications of which delivery was told that they are deleted. */
  readonly toldDeleted: string[] = [];

  /** Adds a person; returns them as a caller. */
  person(role: Role, contact: Partial<Contact> = {}): Principal {
    const userId = newId();
    this.contacts.push({ userId, email: `${userId}@example.org`, emailVerified: true, ...contact });
    return sessionOf(userId, role);
  }

  stateIs(id: string, ...states: Partial<SourceState>[]): void {
    const complete = states.map((state) => ({
      counts: counts({}),
      retriedUnknown: 0,
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

@QueryHandler(HoldAccounts)
class HoldAccountsHandler implements IQueryHandler<HoldAccounts> {
  constructor(private readonly outside: Outside) {}

  async execute({ userIds }: HoldAccounts): Promise<Contact[]> {
    return this.outside.contacts.filter(({ userId }) => userIds.includes(userId));
  }
}

@QueryHandler(FindSourceState)
class FindSourceStateHandler implements IQueryHandler<FindSourceState> {
  constructor(private readonly outside: Outside) {}

  async execute({ source }: FindSourceState): Promise<SourceState> {
    const [state, ...later] = this.outside.states.get(source.id) ?? [];
    if (later.length > 0) this.outside.states.set(source.id, later);
    return state ?? { counts: counts({}), retriedUnknown: 0, inFlight: [], lastSentAt: null };
  }
}

@ReactsWithin(NotificationDeleted)
class OnNotificationDeleted implements Reaction<NotificationDeleted> {
  constructor(private readonly outside: Outside) {}

  async react({ payload }: NotificationDeleted): Promise<void> {
    this.outside.toldDeleted.push(payload.notificationId);
  }
}

/** The handlers and reactions that answer for the neighbours. */
export const outsideProviders = [
  Outside,
  FindInstrumentHandler,
  FindQuotesHandler,
  FindContactsHandler,
  HoldAccountsHandler,
  FindSourceStateHandler,
  OnNotificationDeleted,
];
