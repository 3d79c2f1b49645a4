import { WebSocket } from 'ws';
import { shortReason } from './binance-history.ts';
import { retryDelay, type RetryPolicy } from './retry.ts';

/** Streams named in one URL or one message: Binance refuses URLs beyond 8,000 characters. */
const STREAMS_AT_ONCE = 100;
/** Binance cuts a connection that sends more than five messages a second, pongs included. */
const MESSAGE_SPACING_MS = 300;

export interface ConnectionSettings {
  /** Milliseconds without any frame after which a connection counts as dead, though its pings be answered. */
  readonly silenceMs: number;
  /** Milliseconds a connection must last before the next loss is retried fast again. */
  readonly stableMs: number;
  /** Milliseconds to wait for a connection to open. */
  readonly handshakeMs: number;
  readonly retry: RetryPolicy;
}

export interface ConnectionEvents {
  opened(): void;
  /** From here on the frames of these streams come, unless the connection is lost. */
  subscribed(streams: readonly string[]): void;
  refused(streams: readonly string[], reason: string): void;
  frame(text: string): void;
  /** An open connection was lost, or one could not be opened; the next attempt follows by itself. */
  lost(reason: string, wasOpen: boolean): void;
}

/** One connection to Binance's streams that comes back whenever it is lost. */
export class BinanceConnection {
  private readonly wanted = new Set<string>();
  private readonly requests = new Map<unknown, readonly string[]>();
  private unsubscribed: string[] = [];
  private socket: WebSocket | undefined;
  private failures = 0;
  private requestId = 0;
  private lastFrameAt = 0;
  private lossReason: string | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private silenceTimer: NodeJS.Timeout | undefined;
  private messageTimer: NodeJS.Timeout | undefined;
  private stopped = true;

  constructor(
    private readonly baseUrl: string,
    private readonly settings: ConnectionSettings,
    private readonly events: ConnectionEvents,
  ) {}

  start(): void {
    this.stopped = false;
    if (this.wanted.size > 0) this.connect();
  }

  /** Listens to these streams too: at once on an open connection, with the next one otherwise. */
  follow(streams: readonly string[]): void {
    const added = streams.filter((stream) => !this.wanted.has(stream));
    for (const stream of added) this.wanted.add(stream);
    if (this.stopped || added.length === 0) return;
    if (!this.socket && !this.retryTimer) this.connect();
    else if (this.socket?.readyState === WebSocket.OPEN) {
      this.unsubscribed.push(...added);
      this.subscribeNext();
    }
  }

  /** What Binance answered to a SUBSCRIBE. */
  replied(id: unknown, error: string | null): void {
    const streams = this.requests.get(id);
    if (!streams) return;
    this.requests.delete(id);
    if (error === null) this.events.subscribed(streams);
    else this.events.refused(streams, error);
  }

  /** Gives this connection up and opens another. */
  renew(reason: string): void {
    this.lossReason = reason;
    this.socket?.terminate();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.retryTimer);
    this.quieten();
    this.socket?.removeAllListeners().on('error', () => {});
    this.socket?.terminate();
    this.socket = undefined;
  }

  private connect(): void {
    this.retryTimer = undefined;
    this.lossReason = undefined;
    const named = [...this.wanted].slice(0, STREAMS_AT_ONCE);
    const socket = new WebSocket(`${this.baseUrl}/stream?streams=${named.join('/')}`, {
      handshakeTimeout: this.settings.handshakeMs,
      perMessageDeflate: false,
      maxPayload: 1_000_000,
    });
    this.socket = socket;
    let openedAt: number | undefined;
    socket.on('open', () => {
      openedAt = Date.now();
      this.lastFrameAt = openedAt;
      this.watchSilence(this.settings.silenceMs);
      this.unsubscribed = [...this.wanted].filter((stream) => !named.includes(stream));
      this.events.opened();
      this.events.subscribed(named);
      this.subscribeNext();
    });
    socket.on('message', (data: Buffer) => {
      this.lastFrameAt = Date.now();
      this.events.frame(data.toString('utf8'));
    });
    socket.on('error', (error) => (this.lossReason ??= shortReason(error)));
    socket.on('close', (code) => {
      this.quieten();
      this.socket = undefined;
      const stable = openedAt !== undefined && Date.now() - openedAt >= this.settings.stableMs;
      this.failures = stable ? 1 : this.failures + 1;
      this.retryTimer = setTimeout(() => this.connect(), retryDelay(this.failures, this.settings.retry));
      this.events.lost(this.lossReason ?? `closed with code ${code}`, openedAt !== undefined);
    });
  }

  private subscribeNext(): void {
    if (this.messageTimer || this.unsubscribed.length === 0) return;
    const streams = this.unsubscribed.splice(0, STREAMS_AT_ONCE);
    const id = ++this.requestId;
    this.requests.set(id, streams);
    this.socket?.send(JSON.stringify({ method: 'SUBSCRIBE', params: streams, id }));
    this.messageTimer = setTimeout(() => {
      this.messageTimer = undefined;
      this.subscribeNext();
    }, MESSAGE_SPACING_MS);
  }

  private watchSilence(ms: number): void {
    this.silenceTimer = setTimeout(() => {
      const left = this.lastFrameAt + this.settings.silenceMs - Date.now();
      if (left > 0) this.watchSilence(left);
      else this.renew(`no frame for ${this.settings.silenceMs / 1000} s`);
    }, ms);
  }

  private quieten(): void {
    clearTimeout(this.silenceTimer);
    clearTimeout(this.messageTimer);
    this.messageTimer = undefined;
    this.requests.clear();
    this.unsubscribed = [];
  }
}
