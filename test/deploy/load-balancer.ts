import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as ask,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, vi } from 'vitest';
import { errorCode } from '#platform/data-dir';

/** As usual for one: an api counts as ready or not from the first probe that says so. */
const probeEveryMs = 500;

interface Upstream {
  readonly url: string;
  readonly agent: Agent;
  ready: boolean;
  answering: number;
}

/**
 * In turns between the apis whose `/health/ready` said 200 last, over connections that it keeps. Like any other it turns
 * to the next one only where nothing listens: what was sent once is not sent again, and its loss is a 502.
 */
export class LoadBalancer {
  private readonly upstreams: Upstream[] = [];
  private readonly server: Server;
  private readonly probing: NodeJS.Timeout;

  private constructor() {
    this.server = createServer((request, response) => void this.pass(request, response));
    this.probing = setInterval(() => void this.probeAll(), probeEveryMs);
  }

  static async start(): Promise<LoadBalancer> {
    const balancer = new LoadBalancer();
    balancer.server.listen(0, '127.0.0.1');
    await once(balancer.server, 'listening');
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves once it is sent requests. */
  async add(url: string): Promise<void> {
    const upstream = { url, agent: new Agent({ keepAlive: true }), ready: false, answering: 0 };
    this.upstreams.push(upstream);
    await vi.waitFor(() => expect(upstream.ready).toBe(true), { timeout: 60_000 });
  }

  /** Sends it nothing more; resolves once it has answered all that it was sent. */
  async remove(url: string): Promise<void> {
    const at = this.upstreams.findIndex((upstream) => upstream.url === url);
    const [upstream] = this.upstreams.splice(at, 1);
    await vi.waitFor(() => expect(upstream?.answering).toBe(0), { timeout: 60_000 });
    upstream?.agent.destroy();
  }

  async close(): Promise<void> {
    clearInterval(this.probing);
    for (const { agent } of this.upstreams) agent.destroy();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async probeAll(): Promise<void> {
    await Promise.all(
      this.upstreams.map(async (upstream) => {
        const signal = AbortSignal.timeout(5_000);
        const answer = await fetch(`${upstream.url}/health/ready`, { signal }).catch(() => undefined);
        upstream.ready = answer?.ok === true;
      }),
    );
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const [next] = this.upstreams.splice(0, 1);
    if (next) this.upstreams.push(next);
    for (const upstream of this.upstreams.filter(({ ready }) => ready)) {
      upstream.answering += 1;
      try {
        const answer = await forward(upstream, request, body);
        response.writeHead(answer.statusCode ?? 502, ofTheMessage(answer.headers)).end(await buffer(answer));
        return;
      } catch (error) {
        if (errorCode(error) === 'ECONNREFUSED') continue;
        response.writeHead(502).end(String(error));
        return;
      } finally {
        upstream.answering -= 1;
      }
    }
    response.writeHead(502).end('No api is ready.');
  }
}

async function forward(
  { url, agent }: Upstream,
  { method = 'GET', url: path = '/', headers }: IncomingMessage,
  body: Buffer,
): Promise<IncomingMessage> {
  const passed = { ...ofTheMessage(headers), ...(body.length > 0 && { 'content-length': body.length }) };
  const outgoing = ask(new URL(path, url), { method, agent, headers: passed }).end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return answer;
}

/** Without what concerns one connection of the two only. */
function ofTheMessage(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const ofTheHop = new Set(['connection', 'keep-alive', 'transfer-encoding']);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofTheHop.has(name)));
}
