import type { Outcome } from '../channel.ts';

/** What nodemailer tells of a failed hand-over. */
export interface MailError extends Error {
  readonly code?: string;
  /** The command that was answered: `CONN`, `EHLO`, `AUTH PLAIN`, `MAIL FROM`, `RCPT TO`, `DATA`, `API`. */
  readonly command?: string;
  readonly response?: string;
  readonly responseCode?: number;
}

const aboutTheMessage = /^(MAIL FROM|RCPT TO|DATA)$/;

/**
 * How a hand-over that threw has ended. `bodyBegun` says whether a byte of the message itself may have left:
 * without one nothing can have been accepted, with one only an SMTP answer of refusal is certain.
 */
export function outcomeOf(error: MailError, bodyBegun: boolean): Pick<Outcome, 'kind' | 'code' | 'response'> {
  const { responseCode, command = '' } = error;
  const code = String(responseCode ?? error.code ?? 'ERROR');
  return { kind: kindOf(error, command, bodyBegun), code, response: error.response ?? error.message };
}

function kindOf({ code, responseCode = 0 }: MailError, command: string, bodyBegun: boolean): Outcome['kind'] {
  if (responseCode >= 400 && responseCode < 600) {
    // 5yz says no for good (RFC 5321, 4.2.1), but before MAIL FROM it speaks of the session, not of this message;
    // 503 means that the session got out of step.
    const permanent = responseCode >= 500 && responseCode !== 503 && aboutTheMessage.test(command);
    return permanent ? 'failed' : 'refused';
  }
  if (bodyBegun) return 'ambiguous';
  // Without an answer these are nodemailer's own objections to the message: an address, its size.
  return code === 'EENVELOPE' || code === 'EMESSAGE' ? 'failed' : 'refused';
}
