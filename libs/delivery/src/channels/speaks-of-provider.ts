import type { Outcome } from './channel.ts';

/** Codes of ours for a hand-over that we ended ourselves. */
const ours = new Set(['EABORT', 'not-handed-over']);

/** Whether we ended a hand-over ourselves, which says nothing of the provider. */
export const endedByUs = ({ code }: Pick<Outcome, 'code'>): boolean => code !== null && ours.has(code);

/**
 * Whether an outcome says that the provider does not work, whatever it is given: no connection, no answer in time,
 * no encryption, a greeting or a login refused. A refusal of one message or one recipient says the contrary.
 */
export function speaksOfProvider(outcome: Pick<Outcome, 'kind' | 'code' | 'pause'>): boolean {
  const { kind, code, pause } = outcome;
  if (pause || code === null || endedByUs(outcome)) return false;
  // 5yz that is not for good speaks of the session; 4yz may be of this message alone.
  if (/^\d/.test(code)) return kind === 'refused' && code.startsWith('5');
  return kind === 'refused' || kind === 'ambiguous';
}
