import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Asked, askedOfPostgres } from './postgres-questions.ts';

/**
 * Where a program stops, seen from what it asks: `before` the question gets anywhere or, although it was answered,
 * `after` it; the same of the commit of the transaction in which it was asked.
 */
export type When = 'before' | 'after' | 'before-commit' | 'after-commit';

/** How a connection is read, question by question. */
type Reader = () => (chunk: Buffer) => Iterable<Asked>;

const commits = /^\s*commit/i;
const beginsOrEnds = /^\s*(begin|start transaction|commit|rollback)/i;

/**
 * Stands between a program and Postgres, or Redis, and stops the program at the question that a test names: it
 * waits for an answer as if the network were slow, while what it has asked before is done and nothing of it is lost.
 * Whoever kills the program closes its connections, here as there.
 */
export class StoppingProxy {
  private stop: { at: RegExp; when: When; reached: () => void } | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** The address of the server behind it, by way of the proxy. */
    readonly url: string,
  ) {}

  static beforePostgres(url: string): Promise<StoppingProxy> {
    return StoppingProxy.before(url, askedOfPostgres);
  }

  /** A pipeline of commands that was written at once is one question here. */
  static beforeRedis(url: string): Promise<StoppingProxy> {
    return StoppingProxy.before(url, () => (bytes) => [{ bytes, question: bytes.toString('latin1') }]);
  }

  private static async before(url: string, reader: Reader): Promise<StoppingProxy> {
    const target = new URL(url);
    const server = createServer((client) => {
      const upstream = connect(Number(target.port), target.hostname);
      proxy.pass(client, upstream, reader());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const near = new URL(url);
    near.port = String((server.address() as AddressInfo).port);
    const proxy = new StoppingProxy(server, near.href);
    return proxy;
  }

  /** Stops the first connection that asks something like `at`. Resolves once it stands there. */
  stopAt(at: RegExp, when: When): Promise<void> {
    return new Promise((reached) => (this.stop = { at, when, reached }));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private pass(client: Socket, upstream: Socket, questionsIn: ReturnType<Reader>): void {
    /** Whether the transaction under way has asked what the stop is about. */
    let inside = false;
    let deaf = false;
    let withheld: (() => void) | undefined;
    client.on('data', (chunk: Buffer) => {
      for (const { bytes, question } of questionsIn(chunk)) {
        if (deaf) return;
        const when = question === null ? undefined : this.meets(question, inside);
        if (question !== null) inside = !beginsOrEnds.test(question) && (inside || this.names(question));
        const { reached } = this.stop ?? {};
        if (when) this.stop = undefined;
        if (when?.startsWith('before')) {
          deaf = true;
          reached?.();
        } else {
          if (when) withheld = reached;
          upstream.write(bytes);
        }
      }
    });
    upstream.on('data', (chunk) => (withheld ? withheld() : client.write(chunk)));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => this.sockets.delete(one) && other.destroy());
    }
  }

  private names(question: string): boolean {
    return this.stop?.at.test(question) ?? false;
  }

  /** When this question is the place where to stop: which side of it. */
  private meets(question: string, inside: boolean): When | undefined {
    const { when } = this.stop ?? {};
    const isThere = when?.endsWith('commit') ? inside && commits.test(question) : this.names(question);
    return isThere ? when : undefined;
  }
}
