import type { TLSSocket } from 'node:tls';
import type { Carrier } from './hand-over.ts';

/** What nodemailer's pool keeps to itself and nothing else here touches; the version is pinned. */
interface Pool {
  readonly _connections: readonly {
    readonly queueEntry?: { readonly mail: unknown } | false;
    readonly connection?: Connection;
  }[];
}

interface Connection {
  readonly secure: boolean;
  readonly authenticated: boolean;
  /** False until the server's name is known, also where `secure` says what is going to be. */
  readonly _socket: TLSSocket | false;
  close(): void;
}

/** The connection that carries this mail at the moment. */
export function carrierOf(pool: unknown, mail: object): Carrier | undefined {
  const { _connections: held } = pool as Pool;
  const carrying = held.find(({ queueEntry }) => queueEntry && queueEntry.mail === mail);
  if (!carrying?.connection) return undefined;
  const { connection } = carrying;
  const { secure, authenticated, _socket: socket } = connection;
  return {
    tls: secure && socket ? socket.getProtocol() : null,
    authenticated,
    close: () => connection.close(),
  };
}
