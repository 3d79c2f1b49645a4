import type { SendMailOptions } from 'nodemailer';
import type { DkimKey } from '#platform/config';
import { carrierOf } from './carrier.ts';
import { sign } from './dkim.ts';
import { HandOver } from './hand-over.ts';

/** Where a mail that is sent leaves what becomes of it. */
export interface Passage {
  handOver?: HandOver;
  /** Nobody waits for it any more: it must not go. */
  left?: true;
}

export type OutgoingMail = SendMailOptions & { readonly passage: Passage };

/** The part of a nodemailer message that matters here. */
interface ComposedMail {
  readonly data: OutgoingMail;
  readonly mailer: { readonly transporter: unknown };
  readonly message: {
    build(): Promise<Buffer>;
    getEnvelope(): { from: string | false; to: string[]; size?: number };
    createReadStream(): NodeJS.ReadableStream;
  };
}

/**
 * The last step before nodemailer's pool: composes and signs the message as a whole, so that its size is known, and
 * has the pool read it from a {@link HandOver}.
 */
export const outgoing =
  (dkim: DkimKey | null) =>
  (mail: ComposedMail, done: (error?: Error) => void): void => {
    prepare(mail, dkim).then(
      () => done(),
      // Ours and not the server's, like those that nodemailer has to a message.
      (error: Error) => done(Object.assign(error, { code: 'EMESSAGE' })),
    );
  };

async function prepare(mail: ComposedMail, dkim: DkimKey | null): Promise<void> {
  const { data, mailer, message } = mail;
  const composed = await message.build();
  const bytes = dkim ? await sign(composed, dkim) : composed;
  const { from, to } = message.getEnvelope();
  const [recipient, ...others] = to;
  if (!from || recipient === undefined || others.length > 0)
    throw new Error('A mail has one sender and one recipient.');
  if (data.passage.left) throw new Error('It is too late for this mail.');
  const handOver = new HandOver(from, recipient, bytes, () => carrierOf(mailer.transporter, mail));
  data.passage.handOver = handOver;
  message.createReadStream = () => handOver.stream();
  message.getEnvelope = () => ({ from, to: [recipient], size: bytes.length });
}
