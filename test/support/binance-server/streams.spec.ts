import { once } from 'node:events';
import { createConnection } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startBinanceServer, type BinanceServer, type BinanceServerOptions } from './server.ts';
import { tradesOf } from './trade.ts';

const BTC = tradesOf(
  'BTCUSDT',
  Array.from({ length: 20 }, (_, index) => 100 + index),
  { firstId: 501 },
);
const ETH = tradesOf('ETHUSDT', [10, 11], { firstId: 9, from: 100_000 });

interface Client {
  socket: WebSocket;
  frames: unknown[];
  ask: (message: unknown) => Promise<unknown>;
}

describe('The WebSocket side', () => {
  let server: BinanceServer;
  const clients: WebSocket[] = [];
  afterEach(async () => {
    for (const socket of clients.splice(0)) socket.terminate();
    await server.close();
  });

  async function serve(options: BinanceServerOptions = {}): Promise<void> {
    server = await startBinanceServer({
      trades: [...BTC, ...ETH],
      speed: 'step',
      miniTickerMs: 0,
      now: () => 1_000,
      ...options,
    });
  }

  async function connect(path: string, options: { autoPong?: boolean } = {}): Promise<Client> {
    const socket = new WebSocket(`${server.wsUrl}${path}`, options);
    const frames: unknown[] = [];
    clients.push(socket);
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString('utf8'))));
    await once(socket, 'open');
    const ask = async (message: unknown): Promise<unknown> => {
      const answered = frames.length;
      socket.send(typeof message === 'string' ? message : JSON.stringify(message));
      await expect.poll(() => frames.length).toBe(answered + 1);
      return frames.at(-1);
    };
    return { socket, frames, ask };
  }

  it('sends combined streams wrapped, each trade as a trade and as an aggregate', async () => {
    await serve();
    const { frames } = await connect('/stream?streams=btcusdt@trade/btcusdt@aggTrade');
    server.advance();
    await expect.poll(() => frames).toHaveLength(2);
    const common = { E: 1_000, s: 'BTCUSDT', p: '100.00000000', q: '0.50000000', T: 1_000, m: true, M: true };
    expect(frames).toEqual([
      { stream: 'btcusdt@trade', data: { e: 'trade', t: 501, ...common } },
      { stream: 'btcusdt@aggTrade', data: { e: 'aggTrade', a: 501, f: 501, l: 501, ...common } },
    ]);
  });

  it('sends raw streams unwrapped, and only those asked for', async () => {
    await serve();
    const { frames } = await connect('/ws/ethusdt@aggTrade');
    server.advance(21);
    await expect.poll(() => frames).toHaveLength(1);
    expect(frames).toMatchObject([{ e: 'aggTrade', a: 9, s: 'ETHUSDT' }]);
  });

  it('takes subscriptions on an open connection, lists them and drops them', async () => {
    await serve();
    const { frames, ask } = await connect('/ws');
    expect(await ask({ method: 'SUBSCRIBE', params: ['btcusdt@aggTrade', 'ethusdt@trade'], id: 7 })).toEqual({
      result: null,
      id: 7,
    });
    expect(await ask({ method: 'LIST_SUBSCRIPTIONS', id: 'list' })).toEqual({
      result: ['btcusdt@aggTrade', 'ethusdt@trade'],
      id: 'list',
    });
    expect(await ask({ method: 'UNSUBSCRIBE', params: ['btcusdt@aggTrade'], id: null })).toEqual({
      result: null,
      id: null,
    });
    server.advance(21);
    await expect.poll(() => frames).toHaveLength(4);
    expect(frames.at(-1)).toMatchObject({ e: 'trade', s: 'ETHUSDT' });
  });

  it('wraps or unwraps on request', async () => {
    await serve();
    const { frames, ask } = await connect('/stream?streams=btcusdt@trade');
    expect(await ask({ method: 'GET_PROPERTY', params: ['combined'], id: 1 })).toEqual({
      result: true,
      id: 1,
    });
    await ask({ method: 'SET_PROPERTY', params: ['combined', false], id: 2 });
    server.advance();
    await expect.poll(() => frames.at(-1)).toMatchObject({ e: 'trade' });
  });

  it.each([
    ['not json', 3, undefined],
    [{ id: 1 }, 2, undefined],
    [{ method: 'SUBSCRIBE', params: ['btcusdt@trade'] }, 2, undefined],
    [{ method: 'subscribe', params: ['btcusdt@trade'], id: 1 }, 2, undefined],
    [{ method: 'SUBSCRIBE', params: ['BTCUSDT'], id: 4 }, 2, 4],
    [{ method: 'SUBSCRIBE', id: 4 }, 2, 4],
    [{ method: 'SET_PROPERTY', params: ['combined', 'yes'], id: 4 }, 1, 4],
    [{ method: 'GET_PROPERTY', params: ['nope'], id: 4 }, 0, 4],
  ])('answers %j with error %i', async (message, code, id) => {
    await serve();
    const { ask } = await connect('/ws');
    expect(await ask(message)).toEqual({
      error: { code, msg: expect.any(String) },
      ...(id === undefined ? {} : { id }),
    });
  });

  it('closes a connection that sends more than five messages in a second', async () => {
    await serve();
    const { socket } = await connect('/ws');
    const closed = once(socket, 'close');
    for (let id = 1; id <= 6; id++) socket.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id }));
    expect((await closed)[0]).toBe(1008);
  });

  it('pings, and drops who does not answer', async () => {
    await serve({ pingMs: 20, pongDeadlineMs: 300 });
    const mute = await connect('/ws', { autoPong: false });
    const alive = await connect('/ws');
    const pings: string[] = [];
    alive.socket.on('ping', (data) => pings.push(data.toString()));
    await once(mute.socket, 'close');
    await expect.poll(() => pings.length).toBeGreaterThan(10);
    expect(alive.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('sends mini tickers of what was played so far', async () => {
    await serve({ miniTickerMs: 5 });
    const { frames } = await connect('/stream?streams=btcusdt@miniTicker/ethusdt@miniTicker');
    server.advance(3);
    await expect.poll(() => frames.length).toBeGreaterThan(1);
    expect(frames.at(-1)).toEqual({
      stream: 'btcusdt@miniTicker',
      data: {
        e: '24hrMiniTicker',
        E: 1_000,
        s: 'BTCUSDT',
        c: '102.00000000',
        o: '100.00000000',
        h: '102.00000000',
        l: '100.00000000',
        v: '1.50000000',
        q: '151.50000000',
      },
    });
  });

  it('plays through a trade of a symbol and says how far it is', async () => {
    await serve();
    expect(server.playedThrough('ETHUSDT')).toBeNull();
    expect(server.playThrough('BTCUSDT', 503)).toHaveLength(3);
    expect(server.playThrough('BTCUSDT', 503)).toEqual([]);
    server.playThrough('ETHUSDT', 9);
    expect([server.playedThrough('BTCUSDT'), server.playedThrough('ETHUSDT')]).toEqual([520, 9]);
    expect(() => server.playThrough('ETHUSDT', 11)).toThrow(/ends before trade 11/);
  });

  it('begins with the first connection when told so', async () => {
    await serve({ speed: Infinity, startOnConnection: true });
    const { frames } = await connect('/ws/ethusdt@trade');
    await server.finished;
    await expect.poll(() => frames).toHaveLength(2);
  });

  it('loses what is played while it stalls, and injects what it is given', async () => {
    await serve();
    const { frames } = await connect('/ws/btcusdt@trade');
    server.stall(true);
    server.advance(2);
    server.stall(false);
    server.injectFrame('"nonsense"');
    server.injectFrame({ e: 'serverShutdown' });
    server.advance();
    await expect.poll(() => frames).toHaveLength(3);
    expect(frames).toMatchObject(['nonsense', { e: 'serverShutdown' }, { t: 503 }]);
  });

  it('cuts connections and refuses new ones', async () => {
    await serve();
    const { socket } = await connect('/ws');
    const closed = once(socket, 'close');
    server.refuse(true);
    server.disconnectAll();
    expect((await closed)[0]).toBe(1006);
    await expect(connect('/ws')).rejects.toThrow('503');
    server.refuse(false);
    await expect(connect('/elsewhere')).rejects.toThrow('404');
    await connect('/ws');
    expect(server.stats).toMatchObject({ connections: 2, refused: 2, subscriptions: [[]] });
  });

  it('outlives those it refuses, however they hang up', async () => {
    await serve();
    server.refuse(true);
    const impatient = Array.from({ length: 20 }, async () => {
      const socket = createConnection(server.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(
        'GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
      );
      await once(socket, 'data');
      socket.resetAndDestroy();
    });
    await Promise.all(impatient);
    server.refuse(false);
    await connect('/ws');
    expect(server.stats).toMatchObject({ connections: 1, refused: 20 });
  });
});
