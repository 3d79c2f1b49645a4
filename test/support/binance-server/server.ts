import { createServer } from 'node:http';
import { marketsOf } from './market.ts';
import { mergeRecordings, readRecording } from './recording.ts';
import { Replay } from './replay.ts';
import { Rest, type RestFault } from './rest.ts';
import { shortSequence } from './short-sequence.ts';
import { Streams } from './streams.ts';
import type { Trade } from './trade.ts';

export interface BinanceServerOptions {
  /** The market to play; without it the recording is read, and without that too our own short sequence plays. */
  trades?: readonly Trade[] | undefined;
  /** Files in any of the forms that `readRecording` knows, merged by time. */
  recording?: string | readonly string[] | undefined;
  /** The symbol of a recording that does not name it, such as `BTCUSDT`. */
  symbol?: string | undefined;
  /** Times the recorded speed (1), `Infinity`, or `step`: only `advance` and `playThrough` play. */
  speed?: number | 'step' | undefined;
  /** Begin with the first WebSocket connection instead of `start()`. */
  startOnConnection?: boolean | undefined;
  /** Play again and again, with ids that go on. */
  loop?: boolean | undefined;
  /** 0 (the default) takes a free one. */
  port?: number | undefined;
  pingMs?: number | undefined;
  pongDeadlineMs?: number | undefined;
  /** Zero sends none, which makes every frame of a test one that it asked for. */
  miniTickerMs?: number | undefined;
  weightPerMinute?: number | undefined;
  now?: (() => number) | undefined;
}

export interface BinanceServer {
  readonly port: number;
  /** What BINANCE_WS_URL and BINANCE_REST_URL take. */
  readonly wsUrl: string;
  readonly restUrl: string;
  /** The loaded trades, with the times of the recording. */
  readonly trades: readonly Trade[];
  /** Resolves when the last trade was played (never while looping), or the server was closed. */
  readonly finished: Promise<void>;
  start(): void;
  pause(): void;
  resume(): void;
  /** Plays the next trades of the market at once, before the start too; returns them as they were played. */
  advance(count?: number): Trade[];
  /** Plays up to and including this trade. */
  playThrough(symbol: string, id: number): Trade[];
  /** The id of the last trade of a symbol that was played; null before its first. */
  playedThrough(symbol: string): number | null;
  sendMiniTickers(): void;
  /** Cuts every connection without a closing handshake. */
  disconnectAll(): void;
  /** Refuses new WebSocket connections while on. */
  refuse(on: boolean): void;
  /** Sends nothing while on; pings are still exchanged and trades still played, so they are missing afterwards. */
  stall(on: boolean): void;
  /** The next requests answer 503, or each as the function says. */
  failRest(fault: number | RestFault): void;
  injectFrame(frame: string | object): void;
  readonly stats: {
    connections: number;
    refused: number;
    framesSent: number;
    messagesReceived: number;
    played: number;
    subscriptions: string[][];
    restRequests: Readonly<Record<string, number>>;
  };
  close(): Promise<void>;
}

/** Starts a WebSocket and REST server on loopback that speaks Binance's spot protocol and replays a market. */
export async function startBinanceServer(options: BinanceServerOptions = {}): Promise<BinanceServer> {
  const trades = options.trades ?? (await load(options));
  const now = options.now ?? Date.now;
  const markets = marketsOf(trades);
  const replay = new Replay(trades, {
    speed: options.speed ?? 1,
    loop: options.loop ?? false,
    now,
    play(trade) {
      markets.get(trade.symbol)!.add(trade);
      streams.publish(trade);
    },
  });
  const rest = new Rest({ markets, now, weightPerMinute: options.weightPerMinute ?? 6_000 });
  const streams = new Streams({
    markets,
    now,
    pingMs: options.pingMs ?? 20_000,
    pongDeadlineMs: options.pongDeadlineMs ?? 60_000,
    miniTickerMs: options.miniTickerMs ?? 1_000,
    onConnection: () => options.startOnConnection && replay.start(),
  });
  const http = createServer((request, response) => void rest.handle(request, response));
  http.on('upgrade', (request, socket, head) => streams.upgrade(request, socket, head));

  const playedThrough = (symbol: string): number | null => markets.get(symbol)?.last?.id ?? null;
  const close = async (): Promise<void> => {
    replay.stop();
    streams.close();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  };
  try {
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
    });
  } catch (error) {
    await close();
    throw error;
  }
  const address = http.address();
  const port = typeof address === 'object' && address ? address.port : 0;

  return {
    port,
    wsUrl: `ws://127.0.0.1:${port}`,
    restUrl: `http://127.0.0.1:${port}`,
    trades,
    finished: replay.finished,
    start: () => replay.start(),
    pause: () => replay.pause(),
    resume: () => replay.start(),
    advance: (count = 1) => replay.advance(count),
    playThrough(symbol, id) {
      const played: Trade[] = [];
      for (let last = playedThrough(symbol); last === null || last < id; last = playedThrough(symbol)) {
        const [next] = replay.advance(1);
        if (!next) throw new Error(`the recording ends before trade ${id} of ${symbol}`);
        played.push(next);
      }
      return played;
    },
    playedThrough,
    sendMiniTickers: () => streams.sendMiniTickers(),
    disconnectAll: () => streams.disconnectAll(),
    refuse: (on) => streams.refuse(on),
    stall: (on) => streams.stall(on),
    failRest: (fault) => rest.fail(fault),
    injectFrame: (frame) => streams.inject(frame),
    get stats() {
      return {
        ...streams.stats,
        played: replay.playedCount,
        subscriptions: streams.subscriptions,
        restRequests: rest.requests,
      };
    },
    close,
  };
}

async function load({ recording, symbol }: BinanceServerOptions): Promise<Trade[]> {
  if (recording === undefined) return shortSequence();
  const files = typeof recording === 'string' ? [recording] : recording;
  return mergeRecordings(await Promise.all(files.map((file) => readRecording(file, { symbol }))));
}
