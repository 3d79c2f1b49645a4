import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  createAlert,
  createNotification,
  deleteAlert,
  deleteNotification,
  editAlert,
  getAlert,
  getAlertHistory,
  listAlerts,
  listNotifications,
  type Problem,
  sendNotification,
} from '../support/client/index.ts';
import type { Person } from '../support/person.ts';

/** Something that was deleted after it might have been sent. */
export interface Deleted {
  /** Stands in the mail, if there is one. */
  readonly mark: string;
  /** What the answer to the deletion was. */
  readonly answer: 'nothing leaves' | 'something may have left';
  /** When it came. */
  readonly at: Date;
}

/** What somebody asked for, to be compared with what came of it. Everything has a mark that stands in its mail. */
export interface Asked {
  /** Alerts that fire once their level is reached. */
  readonly alerts: string[];
  readonly pausedAlerts: string[];
  readonly letters: string[];
  readonly deletedAlerts: Deleted[];
  readonly deletedLetters: Deleted[];
}

const asking = { throwOnError: false } as const;
const textOf = (kind: 'alert' | 'letter') => `${kind} ${randomUUID()}`;

/** Somebody who sets alerts a little above the price, sends letters, deletes and lists, until it is stopped. */
export class Traffic {
  /** How many answers had this status, with the code of a problem; `none` counts requests without an answer. */
  readonly answers: Record<string, number> = {};
  readonly asked: Asked = {
    alerts: [],
    pausedAlerts: [],
    letters: [],
    deletedAlerts: [],
    deletedLetters: [],
  };
  private readonly edited: string[] = [];
  private readonly ending = new AbortController();
  private readonly running: Promise<unknown>;

  /** `price` tells the last one that was traded; it only rises. With `repeats` every letter is created twice. */
  constructor(
    private readonly person: Person,
    private readonly price: () => number,
    private readonly repeats: boolean,
  ) {
    this.running = Promise.all([this.run(), this.read()]);
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
  }

  /** Moves an alert and pauses another one through an api that can do that, whichever version made them. */
  async edit(at: Person): Promise<void> {
    const moved = await this.setAlert(40);
    const paused = await this.setAlert(40);
    if (!moved || !paused) throw new Error('There are no alerts to edit.');
    const target = this.price() + 80;
    const { data, error } = await editAlert({ ...at, path: { id: moved.id }, body: { target }, ...asking });
    if (data?.condition.value !== String(target)) throw new Error(`Not moved: ${JSON.stringify(error)}`);
    this.asked.alerts.push(moved.mark);
    const answer = await editAlert({ ...at, path: { id: paused.id }, body: { status: 'paused' }, ...asking });
    if (answer.data?.status !== 'paused') throw new Error(`Not paused: ${JSON.stringify(answer.error)}`);
    this.asked.pausedAlerts.push(paused.mark);
    this.edited.push(moved.id, paused.id);
  }

  private async run(): Promise<void> {
    const errands = [
      () => this.alert(),
      () => this.deletedAlert(),
      () => this.letter(),
      () => this.deletedLetter(),
      () => this.look(),
    ];
    for (let turn = 0; !this.ending.signal.aborted; turn += 1) {
      await errands[turn % errands.length]?.();
      await pause(100);
    }
  }

  /** Densely, so that no moment of a deploy is without requests under way. */
  private async read(): Promise<void> {
    while (!this.ending.signal.aborted) {
      await this.counted(listAlerts({ ...this.person, ...asking }));
      await pause(10);
    }
  }

  /** Counts the answer. */
  private async counted<A extends { response?: Response | undefined; error?: unknown }>(
    answer: Promise<A>,
  ): Promise<A | null> {
    const given = await answer.catch(() => null);
    const { code = '' } = (given?.error ?? {}) as Partial<Problem>;
    const status = `${given?.response?.status ?? 'none'} ${code}`.trim();
    this.answers[status] = (this.answers[status] ?? 0) + 1;
    return given;
  }

  private async setAlert(above: number): Promise<{ id: string; mark: string } | null> {
    const mark = textOf('alert');
    const body = { symbol: 'BTC-USD', target: this.price() + above, note: mark };
    const answer = await this.counted(createAlert({ ...this.person, body, ...asking }));
    return answer?.data ? { id: answer.data.id, mark } : null;
  }

  private async alert(): Promise<void> {
    const made = await this.setAlert(25);
    if (made) this.asked.alerts.push(made.mark);
  }

  /** Just before it fires, while it does, or after its mail. */
  private async deletedAlert(): Promise<void> {
    const made = await this.setAlert(10);
    await pause(Math.random() * 2_000);
    if (!made) return;
    const answer = await this.counted(deleteAlert({ ...this.person, path: { id: made.id }, ...asking }));
    const nothing = answer?.response?.status === 204;
    this.asked.deletedAlerts.push({ mark: made.mark, ...answered(nothing) });
  }

  private async sent(): Promise<{ id: string; mark: string } | null> {
    const mark = textOf('letter');
    const recipients = [{ channel: 'email' as const, to: this.person.email }];
    const body = { subject: mark, message: 'Good morning.', recipients };
    const headers = this.repeats ? { 'Idempotency-Key': randomUUID() } : {};
    const create = () => this.counted(createNotification({ ...this.person, headers, body, ...asking }));
    const draft = await create();
    if (!draft?.data) return null;
    const { id } = draft.data;
    // The load balancer turns to the other api, so mostly to the other version.
    if (this.repeats && (await create())?.data?.id !== id) this.answers['another letter'] = 1;
    await this.counted(sendNotification({ ...this.person, path: { id }, body: {}, ...asking }));
    return { id, mark };
  }

  private async letter(): Promise<void> {
    const sent = await this.sent();
    if (sent) this.asked.letters.push(sent.mark);
  }

  private async deletedLetter(): Promise<void> {
    const sent = await this.sent();
    await pause(Math.random() * 300);
    if (!sent) return;
    const path = { id: sent.id };
    const answer = await this.counted(deleteNotification({ ...this.person, path, ...asking }));
    const cancelled = answer?.response?.status === 200 && answer.data?.outcome === 'cancelled';
    this.asked.deletedLetters.push({ mark: sent.mark, ...answered(cancelled) });
  }

  /** At lists, and at what a version that cannot make it has to show. */
  private async look(): Promise<void> {
    await this.counted(listNotifications({ ...this.person, ...asking }));
    for (const id of this.edited.slice(-2)) {
      await this.counted(getAlert({ ...this.person, path: { id }, ...asking }));
      await this.counted(getAlertHistory({ ...this.person, path: { id }, ...asking }));
    }
  }
}

const answered = (nothing: boolean) => ({
  answer: nothing ? ('nothing leaves' as const) : ('something may have left' as const),
  at: new Date(),
});
