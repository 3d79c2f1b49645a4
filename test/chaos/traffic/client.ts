import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { Fleet } from '../fleet.ts';
import type { Ground, Person } from '../ground.ts';
import type { Random } from '../random.ts';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface Request {
  readonly method: 'POST' | 'DELETE';
  readonly path: string;
  readonly person: Person;
  readonly body?: object;
  readonly key?: string;
}

/** Asks one api or the other. */
export class Client {
  /** How many answers had this status; `none` counts requests that nobody answered. */
  readonly answers: Record<string, number> = {};
  /** Of each kind of request: an api that has just come back is not to be trampled down. */
  private readonly atOnce = { POST: pLimit(8), DELETE: pLimit(8) };
  private readonly tokens = new Map<string, { token: string; until: number }>();
  private readonly fleet: Fleet;
  private readonly ground: Ground;
  private readonly random: Random;

  constructor(fleet: Fleet, ground: Ground, random: Random) {
    this.fleet = fleet;
    this.ground = ground;
    this.random = random;
  }

  /** Asks until there is an answer other than "not now". */
  async insist(request: Request): Promise<Answer> {
    for (;;) {
      const answer = await this.atOnce[request.method](() => this.ask(request));
      if (answer && answer.status < 500 && !isTwin(answer)) return answer;
      await delay(200);
    }
  }

  /** Asks once; null when no answer came, and so nobody knows what became of it. */
  private async ask({ method, path, person, body, key }: Request): Promise<Answer | null> {
    const ready = this.fleet.apis.filter((api) => api.ready);
    const url = this.fleet.urls.get(this.random.pick(ready.length > 0 ? ready : this.fleet.apis));
    const headers = {
      authorization: `Bearer ${this.tokenOf(person)}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(key ? { 'idempotency-key': key } : {}),
    };
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers,
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(30_000),
      });
      const text = await response.text();
      this.count(String(response.status));
      return { status: response.status, body: text ? (JSON.parse(text) as Answer['body']) : {} };
    } catch {
      this.count('none');
      return null;
    }
  }

  private count(status: string): void {
    this.answers[status] = (this.answers[status] ?? 0) + 1;
  }

  private tokenOf(person: Person): string {
    const known = this.tokens.get(person.id);
    if (known && known.until > Date.now()) return known.token;
    const token = this.ground.tokenOf(person);
    this.tokens.set(person.id, { token, until: Date.now() + 300_000 });
    return token;
  }
}

/** The same request is still being answered, or so an api believes that was killed meanwhile. */
const isTwin = ({ status, body }: Answer): boolean =>
  status === 409 && String(body['code']).startsWith('http.idempotency-in');
