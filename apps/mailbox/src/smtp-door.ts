import { finished } from 'node:stream/promises';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { Inbox } from './inbox.ts';

/** 10 MiB, the usual limit of a careful mail provider. */
const SIZE_LIMIT = 10 * 1024 * 1024;

/** Takes any mail from anyone on this machine, and answers 250 only once the inbox has it on disk. */
export function createSmtpDoor(inbox: Inbox): SMTPServer {
  const server = new SMTPServer({
    name: 'localhost',
    banner: 'Tocsin development inbox',
    size: SIZE_LIMIT,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    maxAllowedUnauthenticatedCommands: false,
    // Senders keep idle connections in a pool; a shutdown does not wait for those.
    closeTimeout: 300,
    onData(stream, session, callback) {
      receive(inbox, stream, session).then(
        (id) => callback(null, `OK: kept as ${id}`),
        (error: Error) => callback(error),
      );
    },
  });
  // A client that drops its connection is no reason to stop.
  server.on('error', () => undefined);
  return server;
}

async function receive(
  inbox: Inbox,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => {
    // What is too large is read to its end, so that it can be answered, but not kept.
    if (!stream.sizeExceeded) chunks.push(chunk);
  });
  await finished(stream);
  if (stream.sizeExceeded) throw refusal(552, `message is larger than ${SIZE_LIMIT} bytes`);
  const { mailFrom, rcptTo } = session.envelope;
  const envelope = { from: mailFrom ? mailFrom.address : '', to: rcptTo.map(({ address }) => address) };
  try {
    return (await inbox.add(envelope, Buffer.concat(chunks))).id;
  } catch (error) {
    console.error(`mailbox: a message could not be stored: ${String(error)}`);
    throw refusal(451, 'message could not be stored, try again later');
  }
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
