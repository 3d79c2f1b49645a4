import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { newId } from '#kernel';
import type { Config } from '../config/index.ts';
import { refuseUnreadable, refuseUnroutable } from './unreadable-request.ts';

/** Large enough for 5,000 submitted ticks or a batch of 1,000 alerts. */
const bodyLimit = 1024 * 1024;
const safeRequestId = /^[\w.-]{8,64}$/;

/** How long, in ms, a client may keep a connection busy. */
export interface Patience {
  /** From the first byte, or from connecting, until the head of the request is complete. */
  readonly head: number;
  /** Until the whole request is there; a body of 1 MiB then needs 35 kB a second. */
  readonly request: number;
  /** Without a byte in either direction, while a request is sent or its answer is read. */
  readonly silence: number;
  /** Between two requests: longer than the minute after which load balancers give a connection up. */
  readonly keepAlive: number;
  /** How often the first two are looked at. */
  readonly check: number;
  /** For requests under way when the process ends; a supervisor insists after ten seconds or more. */
  readonly drain: number;
}

const patient: Patience = {
  head: 10_000,
  request: 30_000,
  silence: 60_000,
  keepAlive: 72_000,
  check: 1_000,
  drain: 5_000,
};

type HttpSettings = Pick<Config, 'trustProxy' | 'drainSeconds'>;

/**
 * Fastify with a body limit, a request id (the caller's `X-Request-Id` when it is harmless, else a new one), and bounds
 * on what a slow client can hold.
 */
export const httpAdapter = (config: HttpSettings, patience = patient): FastifyAdapter =>
  new HttpAdapter(config, patience);

/** Whether the process was told to end: it still answers, so that load balancers can turn elsewhere. */
export const isDraining = (adapter: unknown): boolean => adapter instanceof HttpAdapter && adapter.draining;

class HttpAdapter extends FastifyAdapter {
  draining = false;
  private readonly drainMs: number;
  private answering = 0;
  private ending = false;

  constructor(
    { trustProxy, drainSeconds }: HttpSettings,
    private readonly patience: Patience,
  ) {
    super({
      bodyLimit,
      // Fastify believes nobody when it is told a number of hops only.
      trustProxy: typeof trustProxy === 'number' ? (_, hop) => hop < trustProxy : trustProxy,
      frameworkErrors: refuseUnroutable,
      clientErrorHandler: refuseUnreadable,
      genReqId: (request: IncomingMessage) => {
        const given = request.headers['x-request-id'];
        return typeof given === 'string' && safeRequestId.test(given) ? given : newId();
      },
      requestTimeout: patience.request,
      connectionTimeout: patience.silence,
      keepAliveTimeout: patience.keepAlive,
      http: { headersTimeout: patience.head, connectionsCheckingInterval: patience.check },
      // What comes on an open connection while the process ends is answered, and the connection closed.
      return503OnClosing: false,
    });
    this.drainMs = drainSeconds * 1000;
    // The body of a deletion means nothing (RFC 9110, 9.3.5), so it is not read, and an empty one of type JSON is no fault.
    this.getInstance().addHttpMethod('DELETE', { hasBody: false, overrideExisting: true });
    // First, since Fastify may answer at once.
    this.server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
      this.answering += 1;
      if (this.draining) response.setHeader('Connection', 'close');
      response.once('close', () => {
        this.answering -= 1;
        this.closeIfIdle();
      });
    });
  }

  /** Takes bodies of JSON only: those of Fastify's parser of text and of Nest's of forms fit no schema. */
  override registerParserMiddleware(prefix?: string, rawBody?: boolean): void {
    super.registerParserMiddleware(prefix, rawBody);
    this.getInstance().removeContentTypeParser(['text/plain', 'application/x-www-form-urlencoded']);
  }

  /**
   * Answers for `DRAIN_SECONDS` as before, but each connection once more only; then answers what is under way and
   * closes every connection. By itself Node would wait for those that sent nothing or half a request, and for the
   * keep-alive of those it was just answering.
   */
  override async close(): Promise<void> {
    this.draining = true;
    if (this.server.listening) await pause(this.drainMs);
    this.ending = true;
    const closed = new Promise((resolve) => this.server.close(resolve));
    const insist = setTimeout(() => this.server.closeAllConnections(), this.patience.drain);
    this.closeIfIdle();
    await Promise.all([closed, super.close()]);
    clearTimeout(insist);
  }

  private get server(): Server {
    return this.getInstance().server;
  }

  private closeIfIdle(): void {
    if (this.ending && this.answering === 0) this.server.closeAllConnections();
  }
}
