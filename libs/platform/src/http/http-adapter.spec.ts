import { type AddressInfo, connect, type Socket } from 'node:net';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../config/index.ts';
import { httpAdapter, type Patience } from './http-adapter.ts';

/** Longer than any test: a time that is not the one in question. */
const never = 120_000;
const patience: Patience = {
  head: never,
  request: never,
  silence: never,
  keepAlive: never,
  check: 20,
  drain: never,
};

describe('connections of slow clients', { timeout: 30_000 }, () => {
  let adapter: FastifyAdapter;
  let port: number;
  const sockets: Socket[] = [];
  const release = Promise.withResolvers<void>();

  async function start(times: Partial<Patience> = {}, variables = {}): Promise<void> {
    adapter = httpAdapter(loadConfig(variables), { ...patience, ...times });
    const fastify = adapter.getInstance();
    fastify.get('/', () => 'here');
    fastify.get('/large', () => 'x'.repeat(50_000_000));
    fastify.get('/slow', async () => {
      await release.promise;
      return 'at last';
    });
    fastify.get('/endless', () => new Promise(() => {}));
    fastify.post('/', () => 'taken');
    fastify.get('/begun', (_request, reply) => {
      reply.hijack();
      reply.raw.write('begun');
    });
    await fastify.listen({ port: 0, host: '127.0.0.1' });
    ({ port } = fastify.server.address() as AddressInfo);
  }

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await adapter.close();
  });

  /** A connection over which so much was sent; its answer is all that came back when it was closed. */
  async function send(request = '') {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    let received = '';
    socket.on('data', (data) => (received += data.toString()));
    socket.on('error', () => {});
    const answer = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
    await vi.waitUntil(() => !socket.connecting);
    if (request !== '') socket.write(request);
    return { socket, answer };
  }
  /** Goes on sending a byte now and then for as long as it can. */
  function drip({ socket }: { socket: Socket }): void {
    const timer = setInterval(() => socket.writable && socket.write('x'), 100);
    socket.once('close', () => clearInterval(timer));
  }
  const connections = () =>
    new Promise((resolve) => adapter.getInstance().server.getConnections((_, count) => resolve(count)));
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const here = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();

  it.each<[string, Partial<Patience>, string]>([
    ['the head', { head: 200 }, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    [
      'the body',
      { head: 200, request: 200 },
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{',
    ],
  ])('are told so and closed when %s does not arrive in time', async (_, times, begin) => {
    await start(times);
    const client = await send(begin);
    drip(client);
    expect(await client.answer).toMatch(
      /^HTTP\/1.1 408 .*application\/problem\+json.*"code":"http.timeout"/s,
    );
  });

  it('are closed when they send nothing at all', async () => {
    await start({ head: 200 });
    const { answer } = await send();
    expect(await answer).toBe('');
  });

  it('are closed without a word more where an answer has begun', async () => {
    await start();
    const { socket, answer } = await send(get('/begun'));
    await vi.waitUntil(() => socket.bytesRead > 0);
    socket.write('no HTTP\r\n\r\n');
    expect(await answer).toMatch(/^HTTP\/1.1 200 .*begun\r\n$/s);
  });

  it('are closed when they do not read their answer', async () => {
    await start({ silence: 300, keepAlive: 300 });
    const { socket } = await send();
    socket.pause().write(get('/large'));
    await here();
    await vi.waitFor(async () => expect(await connections()).toBe(0), { timeout: 10_000 });
  });

  it('are closed when no next request comes', async () => {
    await start({ keepAlive: 200 });
    const { answer } = await send(get('/'));
    expect(await answer).toMatch(/^HTTP\/1.1 200 .*here$/s);
  });

  it('keep nobody else from being answered, 500 of them', async () => {
    await start();
    const slow = await Promise.all(Array.from({ length: 500 }, () => send('GET / HTTP/1.1\r\nX-Slow: ')));
    slow.forEach(drip);
    const answers = await Promise.all(Array.from({ length: 100 }, here));
    expect(new Set(answers)).toEqual(new Set(['here']));
    expect(await connections()).toBeGreaterThan(500);
  });

  describe('when the process ends', () => {
    it('are answered what is under way, and closed whatever else they were about to do', async () => {
      await start();
      const idle = [await send(), await send('GET / HT'), await send(get('/')), await send(`${get('/')}GET`)];
      const { answer } = await send(get('/slow'));
      await here();
      const end = adapter.close();
      await vi.waitUntil(() => !adapter.getInstance().server.listening);
      await expect(here()).rejects.toThrow('fetch failed');
      release.resolve();
      expect(await answer).toMatch(/at last$/);
      await end;
      await Promise.all(idle.map(({ answer }) => answer));
    });

    it('are answered once more each while load balancers turn elsewhere', async () => {
      await start({}, { DRAIN_SECONDS: '1' });
      const { answer } = await send(get('/'));
      await here();
      const end = adapter.close();
      const response = await fetch(`http://127.0.0.1:${port}/`);
      expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
      const second = await send(get('/'));
      expect(await second.answer).toMatch(/^HTTP\/1.1 200 .*here$/s);
      await end;
      expect(await answer).toMatch(/^HTTP\/1.1 200 .*here$/s);
      await expect(here()).rejects.toThrow('fetch failed');
    });

    it('are closed at once when nothing is under way', async () => {
      await start();
      const { answer } = await send('GET / HT');
      await adapter.close();
      expect(await answer).toBe('');
    });

    it('are not waited for without end', async () => {
      await start({ drain: 200 });
      const { answer } = await send(get('/endless'));
      await here();
      await adapter.close();
      expect(await answer).toBe('');
    });
  });
});

describe('the address of a request', () => {
  const ipOf = async (TRUST_PROXY: string | undefined, peer: string, forwarded?: string) => {
    const adapter = httpAdapter(loadConfig({ TRUST_PROXY }));
    const fastify = adapter.getInstance();
    fastify.get('/', ({ ip, host, protocol }) => ({ ip, host, protocol }));
    const { body } = await fastify.inject({
      url: '/',
      remoteAddress: peer,
      headers: { host: 'tocsin.test', ...(forwarded && { 'x-forwarded-for': forwarded }) },
    });
    await adapter.close();
    return (JSON.parse(body) as { ip: string }).ip;
  };

  it('is that of the peer, whatever it says, when no proxy is trusted', async () => {
    expect(await ipOf(undefined, '198.51.100.1', '203.0.113.7')).toBe('198.51.100.1');
    expect(await ipOf('0', '198.51.100.1', '203.0.113.7')).toBe('198.51.100.1');
  });

  it('is what so many proxies in front have seen, and not what the client wrote before them', async () => {
    expect(await ipOf('1', '10.0.0.1', '6.6.6.6, 203.0.113.7')).toBe('203.0.113.7');
    expect(await ipOf('2', '10.0.0.1', '6.6.6.6, 203.0.113.7, 10.0.0.2')).toBe('203.0.113.7');
    expect(await ipOf('1', '203.0.113.7')).toBe('203.0.113.7');
  });

  it('is believed of the named proxies only', async () => {
    expect(await ipOf('10.0.0.0/8', '10.0.0.1', '6.6.6.6, 203.0.113.7')).toBe('203.0.113.7');
    expect(await ipOf('10.0.0.0/8, loopback', '127.0.0.1', '6.6.6.6, 203.0.113.7, 10.9.9.9')).toBe(
      '203.0.113.7',
    );
    expect(await ipOf('10.0.0.0/8', '198.51.100.1', '203.0.113.7')).toBe('198.51.100.1');
  });
});
