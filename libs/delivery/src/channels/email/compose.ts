import { createHash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import type { SendMailOptions } from 'nodemailer';
import { encodeWord } from 'nodemailer/lib/mime-funcs';
import type { OutgoingMessage } from '../channel.ts';

/** Who sends, as a structure. */
export interface Sender {
  readonly name: string;
  readonly address: string;
}

/** Of `Name <address>`, which is never read as a list; the configuration has been checked. */
export function senderOf(mailFrom: string): Sender {
  const [, name = '', address = mailFrom] = /^(.*)<([^<>]+)>$/s.exec(mailFrom) ?? [];
  const [, quoted] = /^"(.*)"$/s.exec(name.trim()) ?? [];
  return { name: quoted?.replace(/\\(.)/gs, '$1') ?? name.trim(), address };
}

/** A message as nodemailer takes it; throws {@link BadMessage} when it can never be one. */
export function compose(message: OutgoingMessage, from: Sender): SendMailOptions & { baseBoundary: string } {
  const { subject, text, html, messageId, requestedAt } = message;
  if (/[\r\n\0]/.test(subject)) throw new BadMessage('The subject holds a line break or a NUL.');
  // Anything else would be a file or an address to read from.
  if (typeof text !== 'string' || typeof html !== 'string') throw new BadMessage('The message is no text.');
  return {
    from,
    to: { name: '', address: asciiAddress(message.to) },
    text,
    html,
    messageId,
    // The same over all attempts, like everything else: a repetition is the same message.
    date: requestedAt,
    baseBoundary: createHash('sha256').update(messageId).digest('hex').slice(0, 32),
    headers: {
      'Auto-Submitted': 'auto-generated',
      Subject: { prepared: true, foldLines: true, value: encoded(subject) },
    },
  };
}

/** As it stands only where every reader sees it so: no spaces to collapse, nothing that looks encoded already. */
const encoded = (subject: string): string =>
  /^[!-~]{1,60}( [!-~]{1,60})*$/.test(subject) && !subject.includes('=?')
    ? subject
    : encodeWord(subject, 'B', 52);

/** Something that no attempt will change. */
export class BadMessage extends Error {}

function asciiAddress(to: string): string {
  const [, local = '', host = ''] = /^([^\s\0<>@]+)@([^\s\0<>@]+)$/.exec(to) ?? [];
  if (/[^\0-\x7f]/.test(local)) {
    throw new BadMessage('The address has letters beyond ASCII before its @, which few mail servers take.');
  }
  const domain = /[^\0-\x7f]/.test(host) ? domainToASCII(host) : host;
  if (!/^[\w.!#$%&'*+/=?^`{|}~-]+$/.test(local) || !/^[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(domain)) {
    throw new BadMessage('This is not one mail address.');
  }
  return `${local}@${domain}`;
}
