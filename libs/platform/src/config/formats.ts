import { isIP } from 'node:net';
import { z } from 'zod';

export const port = z.coerce.number('must be a number').int().min(0).max(65_535);
export const onOff = z.enum(['on', 'off']);
export const secret = z
  .string()
  .refine((text) => Buffer.byteLength(text) >= 32, { error: 'must be at least 32 bytes' });

export const url = (...protocols: string[]) =>
  z
    .string()
    .refine((text) => protocols.some((protocol) => text.startsWith(`${protocol}://`)) && URL.canParse(text), {
      error: `must be a URL starting with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
      abort: true,
    });

export const listOf = <T extends string>(values: readonly [T, ...T[]]) =>
  z
    .string()
    .transform((text) => text.split(',').map((item) => item.trim().toLowerCase()))
    .pipe(z.array(z.enum(values)).min(1));

/** Whether a host is this machine, as a URL or a variable names it. */
export const isLoopback = (host: string): boolean => /^(127(\.\d+){3}|\[?::1\]?|localhost)$/.test(host);

/** Over plain http anybody on the way could be the provider. */
export const issuer = url('http', 'https').refine(
  (text) => !/[?#]/.test(text) && (text.startsWith('https:') || isLoopback(URL.parse(text)?.hostname ?? '')),
  { error: 'must be an issuer: no query, and https:// unless it is on a loopback address' },
);

const networks = ['loopback', 'linklocal', 'uniquelocal'];
const bitsOf = (address: string): number => ({ 4: 32, 6: 128 })[isIP(address)] ?? 0;

/** Whether a text is an address, or a network by its name or length. */
export const isProxy = (text: string): boolean => {
  const [, address = '', length = '1'] = /^([\da-f:.]+)(?:\/(\d+))?$/i.exec(text) ?? [];
  return networks.includes(text) || (Number(length) >= 1 && Number(length) <= bitsOf(address));
};
