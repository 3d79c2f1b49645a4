import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { url } from './formats.ts';

/** A mail server; what is said to it beyond host and login is for variables of their own. */
const mailServer = url('smtp', 'smtps').refine(
  (text) => {
    const { hostname, pathname = '', search = '', hash = '' } = URL.parse(text) ?? {};
    return Boolean(hostname) && /^\/?$/.test(pathname) && !search && !hash;
  },
  { error: 'must name a host, with a port and a login if need be, and nothing else' },
);

const rate = z.coerce.number().min(0.001).max(100_000);

const address = /[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9.-]+/.source;

/** `Name <address>` or an address alone: whatever the name holds, it is one sender. */
const sender = z
  .string()
  .regex(
    new RegExp(`^(?:[^\\p{Cc}<>]*<${address}>|${address})$`, 'u'),
    'must be one mail address, optionally as in Name <address>',
  );

/** In PEM; `\n` is a line's end, because some files of variables have no other way to say it. */
const signingKey = z
  .string()
  .transform((text) => text.replaceAll('\\n', '\n'))
  .refine(
    (text) => {
      try {
        const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(text);
        if (asymmetricKeyType === 'ed25519') return true;
        return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
      } catch {
        return false;
      }
    },
    { error: 'must be a private key in PEM, RSA of at least 2048 bits or ed25519' },
  );

/** Those of {@link variables} that say how mail leaves. */
export const mailVariables = {
  SMTP_URL: mailServer
    .optional()
    .describe('The mail provider, e.g. `smtps://user:password@mail.example.org`.')
    .meta({ absent: 'embedded: the development inbox; otherwise an error', secret: true }),
  SMTP_FALLBACK_URL: mailServer
    .optional()
    .describe('A second mail provider, for what the first one certainly did not take.')
    .meta({ absent: 'none', secret: true }),
  SMTP_RATE_LIMIT: rate
    .optional()
    .describe(
      'Messages a second that all workers together hand to the mail provider; 0.5 is one in two seconds.',
    )
    .meta({ absent: 'none' }),
  SMTP_FALLBACK_RATE_LIMIT: rate
    .optional()
    .describe('The same for the second mail provider.')
    .meta({ absent: 'none' }),
  SMTP_TLS: z
    .enum(['required', 'opportunistic'])
    .optional()
    .describe(
      'Whether mail goes over STARTTLS and a certificate that is good (`required`), or is encrypted where the server offers it, with any certificate unless there is a password (`opportunistic`).',
    )
    .meta({
      absent: 'required where SMTP_URL has a password and its host is another machine, else opportunistic',
    }),
  SMTP_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(10)
    .describe('Connections a worker keeps to each mail provider, and messages it hands over at a time.'),
  MAIL_FROM: sender
    .optional()
    .describe('Sender of every mail, e.g. `Tocsin <alerts@example.org>`.')
    .meta({ absent: 'embedded: `Tocsin <tocsin@localhost>`; otherwise an error' }),
  DKIM_DOMAIN: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, 'must be a domain such as example.org')
    .optional()
    .describe('Domain that mails are signed for (DKIM).')
    .meta({ absent: 'mails are not signed' }),
  DKIM_SELECTOR: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i, 'must be a selector such as 2026a')
    .optional()
    .describe('Where the public key is: `<selector>._domainkey.<domain>`.')
    .meta({ absent: 'mails are not signed' }),
  DKIM_PRIVATE_KEY: signingKey
    .optional()
    .describe('Key that mails are signed with, in PEM: RSA of at least 2048 bits, or ed25519.')
    .meta({ absent: 'mails are not signed', secret: true }),
};
