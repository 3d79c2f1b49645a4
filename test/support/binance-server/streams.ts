import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { isStreamName, readControlMessage, type ControlMessage } from './control-messages.ts';
import type { SymbolMarket } from './market.ts';
import { aggTradePayload, tradePayload, type Trade } from './trade.ts';

/** Messages a client may send in a second; beyond it the connection is closed (code 1008). */
const MESSAGES_PER_SECOND = 5;
/** Streams one connection may listen to. */
const MAX_STREAMS = 1024;

export interface StreamsOptions {
  markets: ReadonlyMap<string, SymbolMarket>;
  now: () => number;
  /** Milliseconds between the server's pings; Binance: 20,000. */
  pingMs: number;
  /** Milliseconds without a pong after which a connection is dropped; Binance: a minute. */
  pongDeadlineMs: number;
  /** Milliseconds between mini tickers; Binance: 1,000. Zero sends none. */
  miniTickerMs: number;
  onConnection: () => void;
}

interface Connection {
  socket: WebSocket;
  combined: boolean;
  streams: Set<string>;
  lastPong: number;
  messages: number[];
}

/** The WebSocket side: who listens to what, and what each of them is sent. */
export class Streams {
  readonly stats = { connections: 0, refused: 0, framesSent: 0, messagesReceived: 0 };
  private readonly options: StreamsOptions;
  private readonly server = new WebSocketServer({ noServer: true });
  private readonly open = new Set<Connection>();
  private readonly timers: NodeJS.Timeout[] = [];
  private refusing = false;
  private stalled = false;

  constructor(options: StreamsOptions) {
    this.options = options;
    this.timers.push(setInterval(() => this.ping(), options.pingMs));
    if (options.miniTickerMs > 0)
      this.timers.push(setInterval(() => this.sendMiniTickers(), options.miniTickerMs));
  }

  /** The names of the streams each open connection listens to. */
  get subscriptions(): string[][] {
    return [...this.open].map(({ streams }) => [...streams]);
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Whoever is refused may hang up before the refusal has left; an error nobody listens to ends the process.
    socket.on('error', () => {});
    const { pathname, searchParams } = new URL(request.url ?? '/', 'ws://localhost');
    const combined = pathname === '/stream';
    if (this.refusing || (!combined && !/^\/ws(\/|$)/.test(pathname))) {
      this.stats.refused += 1;
      socket.end(
        `HTTP/1.1 ${this.refusing ? '503 Service Unavailable' : '404 Not Found'}\r\nconnection: close\r\n\r\n`,
      );
      return;
    }
    const named = combined ? (searchParams.get('streams') ?? '') : pathname.slice('/ws/'.length);
    const streams = named.split('/').filter((name) => isStreamName(name));
    this.server.handleUpgrade(request, socket, head, (webSocket) =>
      this.accept(webSocket, combined, streams),
    );
  }

  publish(trade: Trade): void {
    const name = trade.symbol.toLowerCase();
    this.send(`${name}@trade`, () => tradePayload(trade));
    this.send(`${name}@aggTrade`, () => aggTradePayload(trade));
  }

  sendMiniTickers(): void {
    for (const market of this.options.markets.values()) {
      const payload = market.miniTicker(this.options.now());
      if (payload) this.send(`${market.symbol.toLowerCase()}@miniTicker`, () => payload);
    }
  }

  /** Sends every connection this frame as it is; an object as JSON. */
  inject(frame: string | object): void {
    const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
    for (const { socket } of this.open) this.write(socket, text);
  }

  /** While stalled, no frame is sent although pings go out and are answered. What is played meanwhile is lost. */
  stall(on: boolean): void {
    this.stalled = on;
  }

  /** While refusing, a new connection gets a 503. */
  refuse(on: boolean): void {
    this.refusing = on;
  }

  disconnectAll(): void {
    for (const { socket } of this.open) socket.terminate();
    this.open.clear();
  }

  close(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.disconnectAll();
    this.server.close();
  }

  private accept(socket: WebSocket, combined: boolean, streams: string[]): void {
    const connection: Connection = {
      socket,
      combined,
      streams: new Set(streams),
      lastPong: Date.now(),
      messages: [],
    };
    this.open.add(connection);
    this.stats.connections += 1;
    socket.on('message', (data) => this.receive(connection, textOf(data)));
    socket.on('ping', () => this.withinLimit(connection));
    socket.on('pong', () => (connection.lastPong = Date.now()));
    socket.on('close', () => this.open.delete(connection));
    socket.on('error', () => socket.terminate());
    this.options.onConnection();
  }

  private receive(connection: Connection, text: string): void {
    this.stats.messagesReceived += 1;
    if (!this.withinLimit(connection)) return;
    const answer = obey(connection, readControlMessage(text));
    if (connection.streams.size > MAX_STREAMS) connection.socket.close(1008, 'Too many subscriptions');
    if (connection.socket.readyState === WebSocket.OPEN) connection.socket.send(JSON.stringify(answer));
  }

  private withinLimit(connection: Connection): boolean {
    const now = Date.now();
    connection.messages = [...connection.messages.filter((at) => now - at < 1000), now];
    if (connection.messages.length <= MESSAGES_PER_SECOND) return true;
    connection.socket.close(1008, 'Too many requests');
    return false;
  }

  private send(stream: string, payload: () => object): void {
    let data: string | undefined;
    for (const { socket, streams, combined } of this.open) {
      if (!streams.has(stream)) continue;
      data ??= JSON.stringify(payload());
      this.write(socket, combined ? `{"stream":"${stream}","data":${data}}` : data);
    }
  }

  private write(socket: WebSocket, frame: string): void {
    if (this.stalled || socket.readyState !== WebSocket.OPEN) return;
    this.stats.framesSent += 1;
    socket.send(frame);
  }

  private ping(): void {
    for (const { socket, lastPong } of this.open) {
      if (Date.now() - lastPong > this.options.pongDeadlineMs) socket.terminate();
      else socket.ping(String(Date.now()));
    }
  }
}

/** Does what the client asks and returns what it is told. */
function obey(connection: Connection, message: ControlMessage): object {
  if (message.method === 'ERROR') {
    return { error: message.error, ...(message.id === undefined ? {} : { id: message.id }) };
  }
  let result: unknown = null;
  if (message.method === 'SUBSCRIBE') for (const name of message.streams) connection.streams.add(name);
  else if (message.method === 'UNSUBSCRIBE')
    for (const name of message.streams) connection.streams.delete(name);
  else if (message.method === 'SET_PROPERTY') connection.combined = message.combined;
  else if (message.method === 'GET_PROPERTY') result = connection.combined;
  else result = [...connection.streams];
  return { result, id: message.id };
}

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : '';
}
