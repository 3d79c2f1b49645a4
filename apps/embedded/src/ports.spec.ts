import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts, PortsTaken } from './ports.ts';

const host = '127.0.0.1';

describe('the ports before a start', () => {
  let holder: Server;
  let port: number;
  beforeEach(async () => {
    holder = createServer().listen(0, host);
    await once(holder, 'listening');
    const address = holder.address();
    port = typeof address === 'object' && address ? address.port : 0;
  });
  afterEach(() => void holder.close());

  it('are all named when they are taken, each with the variable that changes it', async () => {
    const wanted = [
      { variable: 'PORT', host, port },
      { variable: 'MAILBOX_PORT', host, port: 0 },
      { variable: 'MAILBOX_SMTP_PORT', host, port },
    ];
    const error = await freePorts(wanted).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PortsTaken);
    expect(error).toMatchObject({
      lines: [
        expect.stringMatching(`^PORT: port ${port} is taken .*PORT=${port + 1} npm start$`),
        expect.stringMatching(`^MAILBOX_SMTP_PORT: port ${port} is taken`),
      ],
    });
  });

  it('may not be the same for two variables', async () => {
    const { PORT } = await freePorts([{ variable: 'PORT', host, port: 0 }]);
    const twice = ['PORT', 'MAILBOX_PORT'].map((variable) => ({ variable, host, port: Number(PORT) }));
    await expect(freePorts(twice)).rejects.toThrow('is taken');
  });

  it('are chosen where 0 leaves the choice', async () => {
    const { PORT } = await freePorts([{ variable: 'PORT', host, port: 0 }]);
    expect(Number(PORT)).toBeGreaterThanOrEqual(20_000);
    // Above begin those that the system lends to outgoing connections.
    expect(Number(PORT)).toBeLessThan(30_000);
  });

  it('are waited for when an earlier process is on its way out', async () => {
    const waiting = freePorts([{ variable: 'PORT', host, port }], 20_000);
    holder.close();
    expect(await waiting).toEqual({ PORT: String(port) });
  });

  it('say so when the address is none of this machine', async () => {
    await expect(freePorts([{ variable: 'PORT', host: '192.0.2.1', port: 0 }])).rejects.toThrow(
      'PORT: cannot listen on 192.0.2.1',
    );
  });
});
