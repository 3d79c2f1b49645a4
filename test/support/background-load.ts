import { createAlert, createNotification, listAlerts, listNotifications } from './client/index.ts';
import type { Person } from './person.ts';

/** What came of the requests that somebody made while something else happened. */
export interface LoadReport {
  /** How many answers had this status; 0 counts requests without an answer. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Ids of the notifications that were created, as the answers said. */
  readonly created: readonly string[];
  /** Ids of the alerts that were. */
  readonly alerts: readonly string[];
}

/** Makes requests one after the other until it is stopped; by default well within the limit of an account. */
export class BackgroundLoad {
  private readonly statuses: Record<number, number> = {};
  private readonly created: string[] = [];
  private readonly alerts: string[] = [];
  private readonly ending = new AbortController();
  private readonly running: Promise<void>;

  constructor(
    private readonly person: Person,
    private readonly pauseMs = 65,
  ) {
    this.running = this.run();
  }

  async stop(): Promise<LoadReport> {
    this.ending.abort();
    await this.running;
    return { statuses: this.statuses, created: this.created, alerts: this.alerts };
  }

  private async run(): Promise<void> {
    const requests = [
      () => this.create(),
      () => this.list(),
      () => this.createAlert(),
      () => this.listNotifications(),
    ];
    for (let turn = 0; !this.ending.signal.aborted; turn += 1) {
      const status = await (requests[turn % requests.length] ?? this.list)().catch(() => 0);
      this.statuses[status] = (this.statuses[status] ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, this.pauseMs));
    }
  }

  private async create(): Promise<number> {
    const body = { subject: 'Under load', message: 'A draft.' };
    const { data, response } = await createNotification({ ...this.person, body, throwOnError: false });
    if (data) this.created.push(data.id);
    return response?.status ?? 0;
  }

  /** One that never fires. */
  private async createAlert(): Promise<number> {
    const body = { symbol: 'BTC-USD', target: '99999999' };
    const { data, response } = await createAlert({ ...this.person, body, throwOnError: false });
    if (data) this.alerts.push(data.id);
    return response?.status ?? 0;
  }

  private async list(): Promise<number> {
    const { response } = await listAlerts({ ...this.person, throwOnError: false });
    return response?.status ?? 0;
  }

  private async listNotifications(): Promise<number> {
    const { response } = await listNotifications({ ...this.person, throwOnError: false });
    return response?.status ?? 0;
  }
}
