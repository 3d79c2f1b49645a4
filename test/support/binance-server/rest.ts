import type { IncomingMessage, ServerResponse } from 'node:http';
import { RestError, ROUTES, type RouteContext } from './rest-routes.ts';

/** An answer in place of the real one: a status with a body and headers, or a connection cut without an answer. */
export type RestFailure = { status: number; body?: unknown; headers?: Record<string, string> } | 'cut';
/** What becomes of a request: null for the real answer; a promise keeps the client waiting for either. */
export type RestFault = (request: {
  path: string;
  query: URLSearchParams;
}) => RestFailure | null | Promise<RestFailure | null>;

/** The REST side of Binance's market data, answered from the trades that were played. */
export class Rest {
  /** Requests answered, by path. */
  readonly requests: Record<string, number> = {};
  private readonly options: RouteContext;
  private fault: RestFault = () => null;
  private window = { minute: 0, weight: 0 };

  constructor(options: RouteContext) {
    this.options = options;
  }

  /** The next requests fail with a 503, or each one as the function says. */
  fail(fault: number | RestFault): void {
    let left = typeof fault === 'number' ? fault : 0;
    this.fault =
      typeof fault === 'function'
        ? fault
        : () => (left-- > 0 ? { status: 503, body: 'Service Unavailable' } : null);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
    this.requests[path] = (this.requests[path] ?? 0) + 1;
    const failure = (await this.fault({ path, query })) ?? this.overWeight(path, query);
    if (failure === 'cut') {
      request.socket.destroy();
      return;
    }
    response.setHeader('x-mbx-used-weight', this.window.weight);
    response.setHeader('x-mbx-used-weight-1m', this.window.weight);
    if (failure) {
      for (const [name, value] of Object.entries(failure.headers ?? {})) response.setHeader(name, value);
      send(response, failure.status, failure.body ?? '');
      return;
    }
    try {
      const route = ROUTES[path];
      if (!route || request.method !== 'GET') send(response, 404, '<html><body>404 Not Found</body></html>');
      else send(response, 200, route.answer(query, this.options));
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      send(response, 400, { code: error.code, msg: error.message });
    }
  }

  private overWeight(path: string, query: URLSearchParams): RestFailure | null {
    const now = this.options.now();
    const minute = Math.floor(now / 60_000);
    if (minute !== this.window.minute) this.window = { minute, weight: 0 };
    this.window.weight += ROUTES[path]?.weight(query) ?? 1;
    if (this.window.weight <= this.options.weightPerMinute) return null;
    const limit = `current limit is ${this.options.weightPerMinute} request weight per 1 MINUTE`;
    return {
      status: 429,
      headers: { 'retry-after': String(60 - Math.floor((now % 60_000) / 1000)) },
      body: {
        code: -1003,
        msg: `Too much request weight used; ${limit}. Please use WebSocket Streams for live updates.`,
      },
    };
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const json = typeof body !== 'string';
  response.writeHead(status, { 'content-type': json ? 'application/json;charset=UTF-8' : 'text/html' });
  response.end(json ? JSON.stringify(body) : body);
}
