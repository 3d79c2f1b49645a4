import { beforeAll, expect, it, vi } from 'vitest';
import {
  type Alert,
  createAlert,
  createNotification,
  deleteAlert,
  deleteNotification,
  getAlert,
  getAlertHistory,
  getNotification,
  getQuote,
  listAlerts,
  listNotificationDeliveries,
  listNotifications,
  sendNotification,
} from '../support/client/index.ts';
import { mailsOf } from '../support/inbox.ts';
import type { Person } from '../support/person.ts';

/** Where the steps are taken: somebody with an account, and the inbox that all mail goes to. */
export interface Place {
  readonly ada: Person;
  readonly inbox: string;
}

/** The first own alert and the first own notification, on the simulated market of `DEMO-USD`. */
export function firstAlert(place: () => Place): void {
  let ada: Person;
  let inbox: string;
  beforeAll(() => {
    ({ ada, inbox } = place());
  });

  it('mails once when an own alert is reached, and shows the receipt', async () => {
    const target = Number(await levelAhead());
    const body = { symbol: 'demo', target, note: 'sell?' };
    const { data: alert } = await createAlert({ ...ada, body, throwOnError: true });
    const direction = target < 100 ? 'down' : 'up';
    expect(alert).toMatchObject({ symbol: 'DEMO-USD', status: 'active', direction });
    const fired = await eventually(async () => {
      const { data } = await getAlert({ ...ada, path: { id: alert.id }, throwOnError: true });
      return data.status === 'triggered' && data;
    });
    const [mail] = await eventually(async () => {
      const mails = await mailsOf(inbox, ada.email);
      return mails.length > 0 && mails;
    });
    expect(mail?.text).toContain('sell?');
    const { data: history } = await getAlertHistory({ ...ada, path: { id: alert.id }, throwOnError: true });
    expect(history.items).toMatchObject([
      { type: 'created', actor: 'user' },
      {
        type: 'triggered',
        actor: 'engine',
        receipt: { crossing: { price: fired.triggeredPrice }, origin: 'live' },
      },
    ]);
    const { data: told } = await listNotifications({
      ...ada,
      query: { alertId: alert.id },
      throwOnError: true,
    });
    expect(told.items).toMatchObject([{ kind: 'alert', alertIds: [alert.id] }]);
  });

  it('never mails about an alert that was deleted', async () => {
    const alerts: Alert[] = [];
    const target = await levelAhead();
    for (const note of ['to be deleted', 'to be kept']) {
      const body = { symbol: 'DEMO-USD', target, note };
      alerts.push((await createAlert({ ...ada, body, throwOnError: true })).data);
    }
    const [deleted, kept] = alerts as [Alert, Alert];
    const { response } = await deleteAlert({ ...ada, path: { id: deleted.id }, throwOnError: true });
    expect(response.status).toBe(204);
    // One trade reaches both; once the kept one has mailed, the deleted one had its chance.
    const mails = await eventually(async () => {
      const all = await mailsOf(inbox, ada.email);
      return all.some(({ text }) => text.includes('to be kept')) && all;
    });
    expect(mails.filter(({ text }) => text.includes('to be deleted'))).toEqual([]);
    const { data } = await listAlerts({ ...ada, query: { symbol: 'demo', per_page: 2 }, throwOnError: true });
    expect(data.items).toMatchObject([
      { id: kept.id, status: 'triggered' },
      { id: deleted.id, status: 'deleted', triggeredAt: null },
    ]);
  });

  it('sends a written notification with the market in it, and does not claim to unsend it', async () => {
    const body = {
      subject: 'The market today',
      message: 'Good morning.',
      lineItems: [{ symbol: 'DEMO-USD', fields: ['price' as const, 'marketCap' as const] }],
      recipients: [{ channel: 'email' as const, to: 'grace@example.org' }],
    };
    const { data: draft } = await createNotification({ ...ada, body, throwOnError: true });
    const path = { id: draft.id };
    expect(draft.status).toBe('draft');
    await sendNotification({ ...ada, path, body: {}, throwOnError: true });
    const [mail] = await eventually(async () => {
      const mails = await mailsOf(inbox, 'grace@example.org');
      return mails.length > 0 && mails;
    });
    expect(mail?.text).toMatch(/Good morning\.[^]*not available/);
    await eventually(async () => {
      const { data } = await getNotification({ ...ada, path, throwOnError: true });
      return data.status === 'sent' && data.deliveries.sent === 1;
    });
    const { data: deliveries } = await listNotificationDeliveries({ ...ada, path, throwOnError: true });
    expect(deliveries.items).toMatchObject([
      {
        to: 'grace@example.org',
        status: 'sent',
        attempts: [{ outcome: 'accepted', messageId: mail?.messageId }],
      },
    ]);
    const { response, error } = await deleteNotification({ ...ada, path, throwOnError: false });
    expect([response?.status, error]).toMatchObject([409, { code: 'notifications.already-sent' }]);
  });

  /** The level of the demo's wave that lies on the other side of its middle, so never at its price. */
  async function levelAhead(): Promise<string> {
    const { data } = await getQuote({ ...ada, path: { symbol: 'demo' }, throwOnError: true });
    return Number(data.price) < 100 ? '103' : '97';
  }
}

/** What `look` returns, once that is anything. */
export function eventually<T>(look: () => Promise<T | false | undefined>): Promise<T> {
  return vi.waitFor(
    async () => {
      const found = await look();
      if (found === false || found === undefined) throw new Error('It has not happened yet.');
      return found;
    },
    { timeout: 45_000, interval: 50 },
  );
}
