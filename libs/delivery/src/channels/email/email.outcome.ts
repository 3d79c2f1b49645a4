import type { Outcome } from '../channel.ts';

/** What nodemailer tells of a hand-over: an error, or with `response` alone the answer to the final dot. */
export interface Told {
  readonly message?: string;
  readonly code?: string;
  /** Of the network or of TLS, under the one that nodemailer gives. */
  readonly originalCode?: string;
  /** The command that was answered: `CONN`, `EHLO`, `AUTH PLAIN`, `MAIL FROM`, `RCPT TO`, `DATA`, `API`. */
  readonly command?: string;
  readonly response?: string;
}

type Classified = Pick<Outcome, 'kind' | 'code' | 'response' | 'pause'>;

interface Reply {
  readonly code: number;
  /** Whether it asks to wait: the service is closing, or a policy that is not about this message (RFC 3463, 4.7). */
  readonly pause: boolean;
}

/**
 * How a hand-over ended. `ended` says whether the final dot may have left: without it nothing can have been accepted,
 * with it only an answer in proper form is certain.
 */
export function outcomeOf(told: Told, ended: boolean): Classified {
  const reply = replyOf(told, ended);
  const kind = reply ? kindOfReply(reply.code, told, ended) : kindOfSilence(told, ended);
  const code = String(reply?.code ?? told.code ?? 'EPROTOCOL');
  const response = storable(`${adviceOn(told)}${told.response ?? told.message ?? ''}`);
  return { kind, code, response, pause: kind === 'refused' && reply?.pause === true };
}

/** The first 500 characters of what a server said, without those that Postgres or a terminal would choke on. */
export const storable = (text: string): string =>
  text
    .slice(0, 500)
    .toWellFormed()
    .replace(/[^\P{Cc}\t\n]/gu, '\uFFFD');

/** Null for what is no answer: lines of several codes or of none, and one that came unasked after the dot. */
function replyOf({ code, response = '' }: Told, ended: boolean): Reply | null {
  if (code === 'EPROTOCOL' && ended) return null;
  const codes = response.split('\n').map((line) => /^([2-5]\d\d)(?=[ \r-]|$)/.exec(line)?.[1]);
  if (new Set(codes).size !== 1 || codes[0] === undefined) return null;
  return { code: Number(codes[0]), pause: /^(421|4\d\d[ -]4\.7\.\d)/.test(response) };
}

/** Of a session, whatever they answer: out of step, or not logged in as the server wants it. */
const ofTheSession = new Set([503, 530, 534, 535, 538]);

function kindOfReply(code: number, { code: error, command = '' }: Told, ended: boolean): Outcome['kind'] {
  if (code < 400) {
    if (!ended) return 'refused';
    return error === undefined && code < 300 ? 'accepted' : 'ambiguous';
  }
  // 5yz says no for good (RFC 5321, 4.2.1), but before MAIL FROM and in the middle of a message it is not about this
  // message.
  const aboutTheMessage = ended || /^(MAIL FROM|RCPT TO)$/.test(command) || error === 'EENVELOPE';
  return code >= 500 && aboutTheMessage && !ofTheSession.has(code) ? 'failed' : 'refused';
}

function kindOfSilence({ code, response }: Told, ended: boolean): Outcome['kind'] {
  if (ended) return 'ambiguous';
  // Without an answer these are nodemailer's own objections to the message: its size, an address.
  const objection = response === undefined && (code === 'EENVELOPE' || code === 'EMESSAGE');
  return objection ? 'failed' : 'refused';
}

function adviceOn({ command, message = '', originalCode = '' }: Told): string {
  if (command === 'STARTTLS' || message.includes('does not support required STARTTLS')) {
    return 'No STARTTLS there, which SMTP_TLS or a password in SMTP_URL asks for: ';
  }
  if (!/CERT|SIGNATURE|ALTNAME|CRL/.test(originalCode)) return '';
  return 'Certificate refused (NODE_EXTRA_CA_CERTS names a further authority): ';
}
