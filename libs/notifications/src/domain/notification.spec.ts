import { describe, expect, it } from 'vitest';
import type { Recipient } from '../contracts/index.ts';
import type { Remains } from './deletion.ts';
import { type DeliveryCounts, noDeliveries } from './delivery-counts.ts';
import { emptyLineItem, filled } from './line-item.ts';
import { Notification } from './notification.ts';

const now = new Date('2026-11-21T10:00:00Z');
const ada: Recipient = { channel: 'email', to: 'ada@example.org' };
const bob: Recipient = { channel: 'email', to: 'bob@example.org' };
const mail = { subject: 'Bitcoin today', text: 'text', html: '<p>html</p>' };

const draft = (recipients: readonly Recipient[] = [ada]) =>
  Notification.draft(
    { ownerId: 'owner', subject: 'Bitcoin today', message: '…', lineItems: [], recipients },
    now,
  );

function sent(): Notification {
  const notification = draft([ada, bob]);
  notification.send([], mail);
  return notification;
}

const left = (counts: Partial<DeliveryCounts>, inFlight: string[] = [], retriedUnknown = 0): Remains => ({
  counts: { ...noDeliveries, ...counts },
  retriedUnknown,
  inFlight,
  lastSentAt: counts.sent ? now : null,
});

describe('A draft', () => {
  it('has asked for nothing yet', () => {
    const notification = draft();
    expect(notification).toMatchObject({
      kind: 'manual',
      status: 'draft',
      version: 1,
      requested: null,
      deletion: null,
    });
    expect(notification.pullEvents()).toEqual([]);
  });

  it('changes in what is given, and counts that as an edit', () => {
    const notification = draft();
    notification.edit({ subject: 'Ether today', recipients: [bob] });
    expect(notification).toMatchObject({
      subject: 'Ether today',
      message: '…',
      recipients: [bob],
      status: 'draft',
      version: 2,
    });
    notification.edit({ message: 'Hello' });
    expect(notification).toMatchObject({ subject: 'Ether today', message: 'Hello', version: 3 });
  });

  it('says something, be it a message or a line item, when it is written and after each edit', () => {
    const nothingToSay = expect.objectContaining({
      code: 'notifications.nothing-to-say',
      faults: [expect.objectContaining({ pointer: '/message' })],
    });
    const said = { ownerId: 'owner', subject: 'Bitcoin', message: ' \n', lineItems: [], recipients: [] };
    expect(() => Notification.draft(said, now)).toThrow(nothingToSay);
    const notification = draft();
    expect(() => notification.edit({ message: ' ' })).toThrow(nothingToSay);
    expect(notification).toMatchObject({ message: '…', version: 1 });
    notification.edit({ message: '', lineItems: [emptyLineItem('BTC-USD', 'USD', ['price'])] });
    expect(() => notification.edit({ lineItems: [] })).toThrow(nothingToSay);
    notification.edit({ lineItems: [], message: 'Hello' });
    expect(notification).toMatchObject({ message: 'Hello', lineItems: [], version: 3 });
  });

  it('that is sent or deleted cannot be changed any more', () => {
    const deleted = draft();
    deleted.delete(left({}), now);
    for (const notification of [sent(), deleted]) {
      expect(() => notification.edit({ subject: 'Ether' })).toThrow(
        expect.objectContaining({ kind: 'conflict', code: 'notifications.not-draft' }),
      );
    }
  });

  it('goes to its stored recipients, which is no edit', () => {
    const notification = draft();
    notification.address(null);
    expect(notification).toMatchObject({ recipients: [ada], version: 1 });
  });

  it('goes to the recipients that sending names instead, which is an edit', () => {
    const notification = draft();
    notification.address([bob]);
    expect(notification).toMatchObject({ recipients: [bob], version: 2 });
  });

  it.each([[null], [[]]])('that names nobody cannot be sent, also when sending names %o', (named) => {
    expect(() => draft([]).address(named)).toThrow(
      expect.objectContaining({ kind: 'invalid', code: 'notifications.no-recipients' }),
    );
  });

  it('that is sent owes one mail to everybody on the list', () => {
    const notification = sent();
    expect(notification).toMatchObject({ status: 'pending', requested: 2 });
    const sources = { notificationId: notification.id, alertIds: [], accountId: notification.ownerId };
    expect(notification.pullEvents().map(({ type, payload }) => ({ type, payload }))).toEqual([
      {
        type: 'notifications.deliveries-requested.v1',
        payload: {
          deliveries: [{ ...sources, ...mail, recipients: [ada, bob] }],
        },
      },
    ]);
  });

  it('is sent once', () => {
    expect(() => sent().address(null)).toThrow(
      expect.objectContaining({ kind: 'conflict', code: 'notifications.not-draft' }),
    );
  });

  it('is not sent after it was deleted', () => {
    const notification = draft();
    notification.delete(left({}), now);
    expect(() => notification.address(null)).toThrow(
      expect.objectContaining({ code: 'notifications.not-draft' }),
    );
  });
});

describe('Deleting', () => {
  it('a draft cancels it', () => {
    const notification = draft();
    const deletion = notification.delete(left({}), now);
    expect(deletion).toEqual({
      outcome: 'cancelled',
      at: '2026-11-21T10:00:00.000Z',
      deliveries: noDeliveries,
    });
    expect(notification.status).toBe('deleted');
  });

  it.each<[string, string, Partial<DeliveryCounts>, string[]]>([
    ['nothing was ever tried', 'cancelled', { cancelled: 2 }, []],
    ['its deliveries were not even made yet', 'cancelled', {}, []],
    ['all of it had failed', 'cancelled', { failed: 2 }, []],
    ['nobody could get it', 'cancelled', { suppressed: 1, cancelled: 1 }, []],
    ['part of it was accepted', 'stopped', { sent: 1, cancelled: 1 }, []],
    ['part of it was accepted and the rest failed', 'stopped', { sent: 1, failed: 1 }, []],
    ['part of it may have been accepted', 'stopped', { unknown: 1, cancelled: 1 }, []],
    ['an ambiguous attempt is still to be given up', 'stopped', { retrying: 1, cancelled: 1 }, []],
    ['something is being handed over', 'pending', { sending: 1, cancelled: 1 }, ['attempt']],
    [
      'something is being handed over beside what was accepted',
      'pending',
      { sending: 1, sent: 1 },
      ['attempt'],
    ],
    ['a claim is not handed over yet', 'pending', { sending: 1, cancelled: 1 }, []],
  ])('when %s: %s', (_, outcome, counts, inFlight) => {
    const notification = sent();
    expect(notification.delete(left(counts, inFlight), now).outcome).toBe(outcome);
    expect(notification.status).toBe('deleted');
  });

  it('stops what may have arrived and was sent again all the same, though the retry is cancelled', () => {
    expect(sent().delete(left({ cancelled: 2 }, [], 1), now).outcome).toBe('stopped');
    expect(() => sent().delete(left({ sent: 2 }, [], 1), now)).toThrow(
      expect.objectContaining({ code: 'notifications.already-sent' }),
    );
  });

  it('what had all been accepted is refused with the time, and changes nothing', () => {
    const notification = sent();
    expect(() => notification.delete(left({ sent: 2 }), now)).toThrow(
      expect.objectContaining({
        kind: 'conflict',
        code: 'notifications.already-sent',
        message: expect.stringContaining('2026-11-21T10:00:00.000Z'),
      }),
    );
    expect(notification).toMatchObject({ status: 'pending', deletion: null });
  });

  it('is not refused while a requested delivery is not made yet', () => {
    expect(sent().delete(left({ sent: 1 }), now).outcome).toBe('stopped');
  });
});

describe('An open deletion', () => {
  const open = () => {
    const notification = sent();
    return { notification, deletion: notification.delete(left({ sending: 2 }, ['attempt']), now) };
  };

  it.each<[string, Partial<DeliveryCounts>]>([
    ['stopped', { sent: 2 }],
    ['stopped', { sent: 1, cancelled: 1 }],
    ['cancelled', { failed: 1, cancelled: 1 }],
  ])('ends as %s with %o, and stays so', (outcome, counts) => {
    const { notification, deletion } = open();
    const settled = notification.settleDeletion(deletion, left(counts));
    expect(settled).toEqual({ outcome, at: deletion.at, deliveries: left(counts).counts });
    expect(notification.settleDeletion(settled, left({ unknown: 2 }))).toEqual(settled);
  });

  it('stays open while something is being handed over', () => {
    const { notification, deletion } = open();
    expect(notification.settleDeletion(deletion, left({ sending: 1, sent: 1 }, ['attempt']))).toEqual(
      deletion,
    );
  });
});

describe('A line item', () => {
  const item = emptyLineItem('BTC-USD', 'USD', ['price', 'marketCap']);

  it('keeps the named values with their source and time', () => {
    const values = { price: '33000.5', dayHigh: '34000', dayLow: '1', volume24h: '1', change24hPercent: '1' };
    const market = { ...values, marketCap: null, volumeUnit: 'USD', source: 'binance', asOf: now };
    expect(filled(item, market)).toEqual({
      symbol: 'BTC-USD',
      currency: 'USD',
      fields: ['price', 'marketCap'],
      values: { price: '33000.5', marketCap: null },
      volumeUnit: 'USD',
      source: 'binance',
      asOf: '2026-11-21T10:00:00.000Z',
    });
  });

  it('without any quote says of each value that it is not known', () => {
    expect(filled(item, undefined)).toMatchObject({
      values: { price: null, marketCap: null },
      source: null,
      asOf: null,
    });
  });
});
