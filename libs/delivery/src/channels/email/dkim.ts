import { createHash, sign as signBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { DkimKey } from '#platform/config';

/** With a callback, which `promisify` adds, the signature is made on a thread of libuv's pool. */
const signAside = promisify(signBytes);

/** Fields that mean something to who reads the message; each is named twice, so that no second one can be added. */
const signedFields = [
  'from',
  'to',
  'subject',
  'date',
  'message-id',
  'mime-version',
  'content-type',
  'auto-submitted',
];

/** The message under a DKIM signature (RFC 6376, and 8463 for ed25519), relaxed in header and body. */
export async function sign(message: Buffer, { domain, selector, key }: DkimKey): Promise<Buffer> {
  const text = message.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
  const split = text.indexOf('\r\n\r\n') + 2;
  const fields = fieldsOf(text.slice(0, split));
  const ed25519 = key.asymmetricKeyType === 'ed25519';
  const names = signedFields.filter((name) => fields.has(name));
  const unsigned = [
    `DKIM-Signature: v=1; a=${ed25519 ? 'ed25519' : 'rsa'}-sha256; c=relaxed/relaxed;`,
    ` d=${domain}; s=${selector};`,
    ` h=${[...names, ...signedFields].join(':')};`,
    ` bh=${hash(relaxedBody(text.slice(split + 2))).toString('base64')};`,
    ' b=',
  ].join('\r\n');
  const signed = [...names.map((name) => fields.get(name)), relaxedField(unsigned)].join('\r\n');
  // Of ed25519 the hash is signed, not the text (RFC 8463, section 3).
  const signature = await (ed25519
    ? signAside(null, hash(signed), key)
    : signAside('sha256', Buffer.from(signed, 'latin1'), key));
  const folded = signature.toString('base64').replace(/.{72}(?=.)/g, '$&\r\n ');
  return Buffer.from(`${unsigned}${folded}\r\n${text}`, 'latin1');
}

const hash = (text: string): Buffer => createHash('sha256').update(text, 'latin1').digest();

/** The fields of a header by their names, canonical. */
function fieldsOf(header: string): Map<string, string> {
  const lines = header.split(/\r\n(?![ \t])/).filter(Boolean);
  return new Map(
    lines.map((line) => relaxedField(line)).map((line) => [line.slice(0, line.indexOf(':')), line]),
  );
}

function relaxedField(line: string): string {
  const colon = line.indexOf(':');
  const value = line
    .slice(colon + 1)
    .replaceAll('\r\n', '')
    .replace(/[ \t]+/g, ' ');
  return `${line.slice(0, colon).trim().toLowerCase()}:${value.replace(/^ | $/g, '')}`;
}

function relaxedBody(body: string): string {
  const lines = body.replace(/[ \t]+/g, ' ').replace(/ (?=\r\n|$)/g, '');
  const end = lines.replace(/(\r\n)+$/, '');
  return end === '' ? '' : `${end}\r\n`;
}
