import type { Server } from 'node:net';
import { createHttpDoor } from './http-door.ts';
import { Inbox } from './inbox.ts';
import { createSmtpDoor } from './smtp-door.ts';

/**
 * Ports of 0 take a free one; `host` is the address of both (127.0.0.1); `directory` is made if missing; `limit` is
 * how many mails are kept (1,000).
 */
export interface MailboxOptions {
  host?: string;
  httpPort: number;
  smtpPort: number;
  directory: string;
  limit?: number;
}

/** A running inbox and the ports it got; `close` ends both sides and may be called again. */
export interface Mailbox {
  httpPort: number;
  smtpPort: number;
  close(): Promise<void>;
}

/** Starts both sides; a port that cannot be had is an error that names its variable. */
export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  const { directory, host = '127.0.0.1', limit = 1_000 } = options;
  const inbox = await Inbox.open(directory, limit);
  const smtp = createSmtpDoor(inbox);
  const smtpPort = await listen(smtp.server, host, options.smtpPort, 'MAILBOX_SMTP_PORT');
  const closeSmtp = () => new Promise<void>((resolve) => smtp.close(resolve));
  try {
    const http = await createHttpDoor(inbox, smtpPort);
    const httpPort = await listen(http, host, options.httpPort, 'MAILBOX_PORT');
    const closeHttp = () =>
      new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      });
    let closing: Promise<unknown> | undefined;
    return {
      httpPort,
      smtpPort,
      close: async () => {
        await (closing ??= Promise.all([closeSmtp(), closeHttp()]));
      },
    };
  } catch (error) {
    await closeSmtp();
    throw error;
  }
}

function listen(server: Server, host: string, port: number, variable: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be opened (${error.code})`;
      reject(new Error(`Port ${port} ${reason}: set ${variable} to a free one.`, { cause: error }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}
