import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between a program and a server of ours, and breaks what runs over it. */
export interface TcpProxy {
  readonly port: number;
  /** Ends every connection, and each new one at once, until {@link restore}. */
  cut(): void;
  /** Takes every byte and every connection and answers nothing, until {@link restore}. */
  stall(): void;
  restore(): void;
  close(): Promise<void>;
}

/** Listens on a free port of loopback and passes everything on to `target`. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let state: 'open' | 'cut' | 'stalled' = 'open';

  const pass = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('data', (chunk) => to.write(chunk));
    from.on('close', () => sockets.delete(from) && to.destroy());
    from.on('end', () => to.end()).on('error', () => {});
    if (state === 'stalled') from.pause();
  };
  const cut = (): void => {
    state = 'cut';
    for (const socket of sockets) socket.destroy();
  };
  // Half open: a machine that is gone does not answer a goodbye.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (state === 'cut') return client.destroy();
    const upstream = connect({ ...target, allowHalfOpen: true });
    pass(client, upstream);
    pass(upstream, client);
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    stall: () => {
      state = 'stalled';
      for (const socket of sockets) socket.pause();
    },
    restore: () => {
      state = 'open';
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
