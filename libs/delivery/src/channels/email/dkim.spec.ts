import crypto, { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import dns from 'node:dns';
import { createRequire } from 'node:module';
import { PassThrough, type Writable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sign } from './dkim.ts';

const require = createRequire(import.meta.url);

/** Has no types of its own. */
const DKIMVerifyStream = require('haraka-plugin-dkim/lib/dkim-verify-stream.js') as new (
  options: { allowed_time_skew: number },
  done: (error: Error | null, result: string) => void,
) => Writable;

const keys = {
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ed25519: generateKeyPairSync('ed25519'),
};
const at = { domain: 'mail.example.org', selector: '2026a' };

/** What a verifier of other people says, when the public key is found where it belongs. */
async function verified(mail: Buffer, publicKey: KeyObject): Promise<string> {
  const type = publicKey.asymmetricKeyType;
  const p = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  vi.spyOn(dns.promises, 'resolveTxt').mockImplementation((name) =>
    name === '2026a._domainkey.mail.example.org'
      ? Promise.resolve([[`v=DKIM1; k=${type}; p=${p}`]])
      : Promise.reject(new Error(`nothing at ${name}`)),
  );
  // Of ed25519 the hash is signed (RFC 8463, section 3), which this verifier does not know, nor keys without a frame.
  const { verify } = crypto;
  vi.spyOn(crypto, 'verify').mockImplementation(
    (...[hash, text, key, signature]: Parameters<typeof verify>) =>
      verify(hash, createHash('sha256').update(text).digest(), key, signature),
  );
  vi.spyOn(console, 'debug').mockReturnValue(undefined);
  return new Promise((resolve, reject) => {
    const verifier = new DKIMVerifyStream({ allowed_time_skew: 0 }, (error, result) =>
      error ? reject(error) : resolve(result),
    );
    new PassThrough().end(mail).pipe(verifier);
  });
}

const header = [
  'From: "Ada, of Tocsin" <alerts@mail.example.org>',
  'To: eve@example.org',
  'Subject: =?UTF-8?Q?Caf=C3=A9?=',
  '\t  folded  here',
  'Message-ID: <1@mail.example.org>',
  'Date: Sun, 22 Nov 2026 10:00:00 +0000',
  'MIME-Version: 1.0',
  'Content-Type: text/plain',
  'X-Unsigned: yes',
].join('\r\n');

const bodies = [
  ['a line', 'Hello.\r\n'],
  ['no last line end', 'Hello.'],
  ['spaces that do not count', 'a \t b  \r\n\tc\r\n'],
  ['empty lines at its end', 'Hello.\r\n\r\n\r\n'],
  ['bare line ends', 'a\nb\rc\n'],
  ['dots and 8-bit bytes', '.\r\n..\r\nd\xe9j\xe0\r\n'],
];

describe.each(Object.entries(keys))('a signature by %s', (_kind, { privateKey, publicKey }) => {
  afterEach(() => vi.restoreAllMocks());

  it.each(bodies)('is good over a body with %s', async (_what, body) => {
    const mail = await sign(Buffer.from(`${header}\r\n\r\n${body}`, 'latin1'), { ...at, key: privateKey });
    expect(await verified(mail, publicKey)).toBe('pass');
  });

  it.each([
    ['its text', 'Hello.', 'Hullo.'],
    ['its subject', 'here', 'there'],
    ['its sender', 'alerts@', 'alert@'],
    ['a second subject', 'To: eve', 'Subject: other\r\nTo: eve'],
    ['a second sender', 'To: eve', 'From: eve@example.org\r\nTo: eve'],
  ])('breaks with %s', async (_what, from, to) => {
    const mail = await sign(Buffer.from(`${header}\r\n\r\nHello.\r\n`), { ...at, key: privateKey });
    const changed = mail.toString('latin1').replace(from, to);
    expect(await verified(Buffer.from(changed, 'latin1'), publicKey)).toBe('fail');
  });
});

describe('signing', () => {
  it('leaves the main thread free', async () => {
    const key = keys.RSA.privateKey;
    const mail = Buffer.from(`${header}\r\n\r\nHello.\r\n`);
    let signed = 0;
    const signing = Array.from({ length: 200 }, () => sign(mail, { ...at, key }).then(() => (signed += 1)));
    await new Promise(setImmediate);
    // Made here, all of them would be made in this turn.
    expect(signed).toBeLessThan(200);
    await Promise.all(signing);
    expect(signed).toBe(200);
  });
});
