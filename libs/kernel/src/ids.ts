import { randomUUID } from 'node:crypto';

let lastMs = 0;
let sequence = 0;

/**
 * A UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, then a 12-bit counter, then 62 random bits.
 * Ids made by one process sort in the order of their making, also within a millisecond (method 1 of
 * section 6.2); when the counter overflows, the millisecond is borrowed from the future.
 */
export function newId(nowMs: number = Date.now()): string {
  // Node keeps random bytes for some of these ahead; asking the system for each id would cost ten times the rest.
  const random = randomUUID();
  if (nowMs > lastMs) {
    lastMs = nowMs;
    sequence = Number.parseInt(random.slice(0, 3), 16) & 0x7ff;
  } else if (++sequence > 0xfff) {
    lastMs += 1;
    sequence = 0;
  }
  const time = lastMs.toString(16).padStart(12, '0');
  const counter = sequence.toString(16).padStart(3, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}${random.slice(18)}`;
}
