import type { Outcome } from './channel.ts';

/** Codes of ours for a hand-over that we ended ourselves. */
const ours = new Set(['EABORT', 'not-handed-over']);

/**
 * Whether an outcome says that the provider does not work, whatever it is given: no connection, no answer in time,
 * no encryption, a greeting or a login refused. A refusal of one message or one recipient says the contrary.
 */
export function speaksOfProvider({ kind, code, pause }: Pick<Outcome, 'kind' | 'code' | 'pause'>): boolean {
  if (pause || code === null || ours.has(code)) return false;
  // 5yz that is not for good speaks of the session; 4yz may be of this message alone.
  if (/^\d/.test(code)) return kind === 'refused' && code.startsWith('5');
  return kind === 'refused' || kind === 'ambiguous';
}
