import { Client } from 'pg';
import { expect, vi } from 'vitest';
import type { Asked, Traffic } from './traffic.ts';

interface AlertRow {
  readonly note: string;
  readonly status: string;
  readonly direction: string;
  readonly target: string;
  readonly price: string | null;
  readonly receipts: number;
}

const underWay = `
  select 'alert ' || status as what, count(*)::int from alerts.alerts
    where status = 'active' and direction = 'up' group by 1
  union all select 'event ' || type, count(*)::int from platform.outbox where published_at is null group by 1
  union all select 'delivery ' || status, count(*)::int from delivery.deliveries
    where status in ('pending', 'retrying', 'sending') group by 1`;

/** What came of everything that was asked for. */
export class Outcome {
  private readonly answers: Record<string, number> = {};
  private readonly asked: Asked;

  constructor(
    private readonly databaseUrl: string,
    private readonly inboxUrl: string,
    traffic: readonly Traffic[],
  ) {
    for (const { answers } of traffic) {
      for (const [status, count] of Object.entries(answers)) {
        this.answers[status] = (this.answers[status] ?? 0) + count;
      }
    }
    const all = traffic.map(({ asked }) => asked);
    this.asked = {
      alerts: all.flatMap(({ alerts }) => alerts),
      pausedAlerts: all.flatMap(({ pausedAlerts }) => pausedAlerts),
      letters: all.flatMap(({ letters }) => letters),
      deletedAlerts: all.flatMap(({ deletedAlerts }) => deletedAlerts),
      deletedLetters: all.flatMap(({ deletedLetters }) => deletedLetters),
    };
  }

  /** Resolves once nothing is under way any more. */
  async settled(): Promise<void> {
    const look = async () => expect(await this.rows(underWay)).toEqual([]);
    await vi.waitFor(look, { timeout: 120_000, interval: 500 });
  }

  get unexpectedAnswers(): string[] {
    return Object.keys(this.answers).filter(
      (answer) => !/^2\d\d$/.test(answer) && answer !== '409 notifications.already-sent',
    );
  }

  async figures(): Promise<string> {
    const { alerts, pausedAlerts, letters, deletedAlerts, deletedLetters } = this.asked;
    const fired = await this.rows(`select from alerts.alerts where status = 'triggered'`);
    const mails = await this.mails();
    const nothing = [...deletedAlerts, ...deletedLetters].filter(({ answer }) => answer === 'nothing leaves');
    return [
      `answers ${JSON.stringify(this.answers)}`,
      `${alerts.length} alerts set and ${fired.length} fired, ${pausedAlerts.length} paused`,
      `${letters.length} letters sent`,
      `${deletedAlerts.length + deletedLetters.length} deleted, ${nothing.length} of them before anything left`,
      `${mails.length} mails`,
    ].join('; ');
  }

  async expectAllAsAsked(): Promise<void> {
    const ends = await this.rows(
      `select status, tainted, count(*)::int from delivery.deliveries group by 1, 2`,
    );
    expect(
      ends.filter(({ status, tainted }) => tainted || !/^(sent|cancelled)$/.test(String(status))),
    ).toEqual([]);

    const rows = await this.rows<AlertRow>(`
      select note, status, direction, trim_scale(target)::text as target,
        trim_scale(triggered_price)::text as price,
        (select count(*)::int from alerts.history
          where alert_id = alert.id and type = 'triggered') as receipts
      from alerts.alerts as alert`);
    const byNote = new Map(rows.map((row) => [row.note, row]));
    const mails = Map.groupBy(await this.mails(), ({ mark }) => mark);
    const countOf = (mark: string) => mails.get(mark)?.length ?? 0;

    const reached = this.asked.alerts.filter((mark) => byNote.get(mark)?.direction === 'up');
    expect(reached.length).toBeGreaterThan(100);
    for (const mark of reached) {
      const row = byNote.get(mark);
      expect({ ...row, mails: countOf(mark) }).toMatchObject({
        status: 'triggered',
        price: row?.target,
        receipts: 1,
        mails: 1,
      });
    }
    for (const mark of this.asked.pausedAlerts) {
      expect({ ...byNote.get(mark), mails: countOf(mark) }).toMatchObject({ status: 'paused', mails: 0 });
    }
    for (const mark of this.asked.letters) expect([mark, countOf(mark)]).toEqual([mark, 1]);
    for (const { mark, answer, at } of [...this.asked.deletedAlerts, ...this.asked.deletedLetters]) {
      expect(countOf(mark)).toBeLessThan(2);
      const later = mails.get(mark)?.filter(({ receivedAt }) => receivedAt > at) ?? [];
      if (answer === 'nothing leaves') expect([mark, later]).toEqual([mark, []]);
      expect(byNote.get(mark)?.status).not.toBe('active');
    }
    const cancelled = this.asked.deletedLetters.filter(({ answer }) => answer === 'nothing leaves');
    expect(cancelled.filter(({ mark }) => countOf(mark) > 0)).toEqual([]);
  }

  /** Each mark of each mail: one may tell of several alerts. */
  private async mails(): Promise<{ mark: string; receivedAt: Date }[]> {
    const response = await fetch(`${this.inboxUrl}/api/messages`);
    const mails = (await response.json()) as { subject: string; text: string; receivedAt: string }[];
    return mails.flatMap(({ subject, text, receivedAt }) => {
      const marks = new Set(`${subject}\n${text}`.match(/\b(alert|letter) [0-9a-f-]{36}\b/g));
      return [...marks].map((mark) => ({ mark, receivedAt: new Date(receivedAt) }));
    });
  }

  private async rows<R extends object = Record<string, unknown>>(sql: string): Promise<R[]> {
    const client = new Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      return (await client.query<R>(sql)).rows;
    } finally {
      await client.end();
    }
  }
}
