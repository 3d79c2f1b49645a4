import { InvalidInput } from '../http/index.ts';

export const headerName = 'Idempotency-Key';

/** The string of a structured field (RFC 9651, 3.3.3), as the IETF's draft of this header has it. */
const quoted = /^"((?:[^"\\]|\\["\\])*)"$/;
const visible = /^[\x21-\x7e]{1,255}$/;

/**
 * The key in the header, given as it is or as a quoted string; null without one.
 * @throws InvalidInput when it is not 1 to 255 visible ASCII characters
 */
export function keyIn(header: string | undefined): string | null {
  if (header === undefined) return null;
  const key = header.startsWith('"') ? quoted.exec(header)?.[1]?.replaceAll(/\\(.)/g, '$1') : header;
  if (key !== undefined && visible.test(key)) return key;
  throw new InvalidInput([
    { parameter: headerName, detail: 'Give 1 to 255 visible ASCII characters, such as a UUID.' },
  ]);
}
