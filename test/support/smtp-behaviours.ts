import type { Script } from './scripted-smtp.ts';

/** One way for a mail server to behave, and what a hand-over to it is: kind, code, and whether to pause. */
export interface Behaviour {
  readonly what: string;
  readonly deeds: NonNullable<Script['deeds']>;
  readonly is: string;
  /** What it may be as well. */
  readonly or?: string;
  readonly times?: number;
  readonly extensions?: readonly string[];
  /** With a user and a password in SMTP_URL. */
  readonly login?: boolean;
  /** With a message that is larger than what the network holds. */
  readonly large?: boolean;
  /** Only where the server offers STARTTLS. */
  readonly onlyStarttls?: boolean;
}

const long = 'x'.repeat(200_000);

/** Nothing can have been accepted before the final dot; after it only an answer in proper form is certain. */
export const behaviours: readonly Behaviour[] = [
  // A server as it should be, or nearly.
  { what: 'behaves', deeds: {}, is: 'accepted 250' },
  { what: 'answers late, but in time', deeds: { dot: { say: '250 ok', after: 100 } }, is: 'accepted 250' },
  {
    what: 'pipelines',
    deeds: {},
    is: 'accepted 250',
    extensions: ['PIPELINING', '8BITMIME', 'SIZE 1000000', 'SMTPUTF8'],
  },
  { what: 'knows HELO only', deeds: { EHLO: { say: '502 5.5.1 no EHLO' } }, is: 'accepted 250' },
  {
    what: 'accepts in several lines',
    deeds: { dot: { say: '250-2.0.0 ok\n250 queued' } },
    is: 'accepted 250',
  },
  { what: 'accepts with 250 alone', deeds: { dot: { say: '250' } }, is: 'accepted 250' },
  {
    what: 'accepts in 8-bit text',
    deeds: { dot: { raw: Buffer.from('250 d\xe9j\xe0\r\n', 'latin1') } },
    is: 'accepted 250',
  },
  {
    what: 'accepts with NUL and controls',
    deeds: { dot: { raw: '250 a\0b\x07\x1b[2J\r\n' } },
    is: 'accepted 250',
  },
  { what: 'accepts in a very long line', deeds: { dot: { say: `250 ${long}` } }, is: 'accepted 250' },
  { what: 'accepts and hangs up', deeds: { dot: { say: '250 ok', and: 'end' } }, is: 'accepted 250' },
  { what: 'accepts and resets', deeds: { dot: { say: '250 ok', and: 'reset' } }, is: 'accepted 250' },
  { what: 'says 250 where 354 belongs', deeds: { DATA: { say: '250 go on' } }, is: 'accepted 250' },

  // The connection.
  { what: 'resets the connection', deeds: { greeting: { and: 'reset' } }, is: 'refused ESOCKET' },
  {
    what: 'hangs up before its greeting',
    deeds: { greeting: { and: 'end' } },
    is: 'refused ECONNECTION',
    times: 2,
  },
  { what: 'greets nobody', deeds: { greeting: {} }, is: 'refused ETIMEDOUT' },
  { what: 'greets in half', deeds: { greeting: { raw: '22' } }, is: 'refused ETIMEDOUT' },
  { what: 'greets with 554', deeds: { greeting: { say: '554 5.7.1 no service' } }, is: 'refused 554' },
  {
    what: 'greets with 421',
    deeds: { greeting: { say: '421 4.3.2 closing', and: 'end' } },
    is: 'refused 421 pause',
  },
  {
    what: 'greets with 450 4.7.1',
    deeds: { greeting: { say: '450 4.7.1 slow down' } },
    is: 'refused 450 pause',
  },
  {
    what: 'greets with nonsense',
    deeds: { greeting: { say: 'HTTP/1.1 400 Bad Request' } },
    is: 'refused EPROTOCOL',
  },
  {
    what: 'greets twice',
    deeds: { greeting: { say: '220 hello\n220 hello' } },
    is: 'ambiguous 354',
    // Its answer to DATA, which is a turn late, may come before the message has ended.
    or: 'refused 354',
  },

  // EHLO, HELO.
  { what: 'hangs up at EHLO', deeds: { EHLO: { and: 'end' } }, is: 'refused ECONNECTION' },
  { what: 'is silent at EHLO', deeds: { EHLO: {} }, is: 'refused ETIMEDOUT' },
  { what: 'answers EHLO with 421', deeds: { EHLO: { say: '421 4.3.2 busy' } }, is: 'refused 421 pause' },
  {
    what: 'refuses EHLO and HELO',
    deeds: { EHLO: { say: '502 no' }, HELO: { say: '550 5.7.1 go away' } },
    is: 'refused 550',
  },
  {
    what: 'never ends its answer to EHLO',
    deeds: { EHLO: { raw: '250-mail.example.org\r\n250-SI' } },
    is: 'refused ETIMEDOUT',
  },

  // Logging in: about the session, not about the message.
  { what: 'accepts the login', deeds: {}, is: 'accepted 250', login: true },
  {
    what: 'refuses the password',
    deeds: { AUTH: { say: '535 5.7.8 wrong' } },
    is: 'refused 535',
    login: true,
  },
  {
    what: 'cannot look the password up',
    deeds: { AUTH: { say: '454 4.7.0 try later' } },
    is: 'refused 454 pause',
    login: true,
  },
  {
    what: 'wants another mechanism',
    deeds: { AUTH: { say: '504 5.5.4 unrecognised' } },
    is: 'refused 504',
    login: true,
  },
  { what: 'hangs up at AUTH', deeds: { AUTH: { and: 'end' } }, is: 'refused ECONNECTION', login: true },
  { what: 'is silent at AUTH', deeds: { AUTH: {} }, is: 'refused ETIMEDOUT', login: true },
  {
    what: 'answers AUTH with 421',
    deeds: { AUTH: { say: '421 4.7.0 too many tries' } },
    is: 'refused 421 pause',
    login: true,
  },
  {
    what: 'wants a login that nobody has',
    deeds: { MAIL: { say: '530 5.7.0 log in first' } },
    is: 'refused 530',
  },

  // MAIL.
  { what: 'defers the sender', deeds: { MAIL: { say: '451 4.3.0 later' } }, is: 'refused 451' },
  { what: 'has no room', deeds: { MAIL: { say: '452 4.3.1 full' } }, is: 'refused 452' },
  { what: 'rates the sender', deeds: { MAIL: { say: '450 4.7.28 too fast' } }, is: 'refused 450 pause' },
  { what: 'refuses the sender', deeds: { MAIL: { say: '550 5.7.1 not you' } }, is: 'failed 550' },
  { what: 'refuses the size', deeds: { MAIL: { say: '552 5.3.4 too big' } }, is: 'failed 552' },
  {
    what: 'takes smaller messages only',
    deeds: {},
    is: 'failed EMESSAGE',
    extensions: ['SIZE 100000'],
    large: true,
  },
  { what: 'is out of step at MAIL', deeds: { MAIL: { say: '503 5.5.1 nested' } }, is: 'refused 503' },
  {
    what: 'answers MAIL with 421',
    deeds: { MAIL: { say: '421 4.3.2 closing', and: 'end' } },
    is: 'refused 421 pause',
  },
  { what: 'hangs up at MAIL', deeds: { MAIL: { and: 'end' } }, is: 'refused ECONNECTION' },
  { what: 'is silent at MAIL', deeds: { MAIL: {} }, is: 'refused ETIMEDOUT' },

  // RCPT.
  { what: 'greylists', deeds: { RCPT: { say: '450 4.2.0 greylisted' } }, is: 'refused 450' },
  { what: 'defers by policy', deeds: { RCPT: { say: '451 4.7.1 greylisted' } }, is: 'refused 451 pause' },
  { what: 'has a full mailbox for now', deeds: { RCPT: { say: '452 4.2.2 full' } }, is: 'refused 452' },
  { what: 'knows no such recipient', deeds: { RCPT: { say: '550 5.1.1 nobody' } }, is: 'failed 550' },
  {
    what: 'refuses in several lines',
    deeds: { RCPT: { say: '550-5.1.1 nobody\n550 5.1.1 here' } },
    is: 'failed 550',
  },
  {
    what: 'refuses without closing the line, and hangs up',
    deeds: { RCPT: { raw: '550 5.1.1 nob', and: 'end' } },
    is: 'refused 550',
  },
  { what: 'answers RCPT with 421', deeds: { RCPT: { say: '421 4.3.2 closing' } }, is: 'refused 421 pause' },
  { what: 'answers RCPT with nonsense', deeds: { RCPT: { say: 'why?' } }, is: 'refused EENVELOPE' },
  { what: 'answers RCPT with 999', deeds: { RCPT: { say: '999 lives' } }, is: 'refused EENVELOPE' },
  { what: 'resets at RCPT', deeds: { RCPT: { and: 'reset' } }, is: 'refused ESOCKET' },
  { what: 'answers RCPT twice', deeds: { RCPT: { say: '250 ok\n250 ok' } }, is: 'ambiguous 354' },
  {
    what: 'refuses where it pipelines',
    deeds: { RCPT: { say: '550 5.1.1 nobody' }, DATA: { say: '503 5.5.1 no recipient' } },
    is: 'failed 550',
    extensions: ['PIPELINING'],
  },

  // DATA.
  { what: 'refuses DATA', deeds: { DATA: { say: '554 5.5.1 no' } }, is: 'failed 554' },
  { what: 'defers at DATA', deeds: { DATA: { say: '451 4.3.0 later' } }, is: 'refused 451' },
  { what: 'is out of step at DATA', deeds: { DATA: { say: '503 5.5.1 bad sequence' } }, is: 'refused 503' },
  { what: 'is silent at DATA', deeds: { DATA: {} }, is: 'refused ETIMEDOUT' },
  { what: 'answers DATA with nonsense', deeds: { DATA: { say: 'go on then' } }, is: 'refused EENVELOPE' },
  {
    what: 'answers DATA with 421',
    deeds: { DATA: { say: '421 4.3.2 closing', and: 'end' } },
    is: 'refused 421 pause',
  },
  { what: 'hangs up at DATA', deeds: { DATA: { and: 'end' } }, is: 'refused ECONNECTION' },
  {
    what: 'goes on and defers in one breath',
    deeds: { DATA: { say: '354 go on\n451 4.3.0 no, later' } },
    is: 'refused 451',
  },
  {
    what: 'goes on and accepts in one breath',
    deeds: { DATA: { say: '354 go on\n250 ok' } },
    is: 'refused 250',
  },

  // The body.
  {
    what: 'resets in the middle of a small message',
    deeds: { body: { and: 'reset' } },
    is: 'ambiguous ESOCKET',
  },
  {
    what: 'resets in the middle of a large message',
    deeds: { body: { and: 'reset' } },
    is: 'refused ESOCKET',
    large: true,
  },
  {
    what: 'stops reading a large message',
    deeds: { body: { and: 'deaf' } },
    is: 'refused ETIMEDOUT',
    large: true,
  },
  {
    what: 'refuses a large message before its end',
    deeds: { body: { say: '552 5.3.4 too big', and: 'deaf' } },
    is: 'refused 552',
    large: true,
  },
  {
    what: 'accepts a large message before its end',
    deeds: { body: { say: '250 fine', and: 'deaf' } },
    is: 'refused 250',
    large: true,
  },
  {
    what: 'answers 421 in the middle of a large message',
    deeds: { body: { say: '421 4.3.2 closing', and: 'deaf' } },
    is: 'refused 421 pause',
    large: true,
  },

  // After the final dot.
  { what: 'defers the message', deeds: { dot: { say: '451 4.3.0 later' } }, is: 'refused 451' },
  {
    what: 'defers the message by policy',
    deeds: { dot: { say: '451 4.7.1 later' } },
    is: 'refused 451 pause',
  },
  { what: 'has no room for the message', deeds: { dot: { say: '452 4.3.1 full' } }, is: 'refused 452' },
  { what: 'refuses the message', deeds: { dot: { say: '554 5.7.1 spam' } }, is: 'failed 554' },
  { what: 'refuses its size', deeds: { dot: { say: '552 5.3.4 too big' } }, is: 'failed 552' },
  {
    what: 'refuses it in several lines',
    deeds: { dot: { say: '550-5.7.1 no\n550-5.7.1 really\n550 5.7.1 no' } },
    is: 'failed 550',
  },
  { what: 'is out of step at the dot', deeds: { dot: { say: '503 5.5.1 bad sequence' } }, is: 'refused 503' },
  {
    what: 'answers the dot with 421',
    deeds: { dot: { say: '421 4.3.2 closing', and: 'end' } },
    is: 'refused 421 pause',
  },
  {
    what: 'answers the dot with 421 and no line',
    deeds: { dot: { raw: '421 clo', and: 'end' } },
    is: 'refused 421 pause',
  },
  { what: 'is silent after the dot', deeds: { dot: {} }, is: 'ambiguous ETIMEDOUT' },
  { what: 'hangs up after the dot', deeds: { dot: { and: 'end' } }, is: 'ambiguous ECONNECTION' },
  { what: 'resets after the dot', deeds: { dot: { and: 'reset' } }, is: 'ambiguous ESOCKET' },
  {
    what: 'answers the dot too late',
    deeds: { dot: { say: '250 ok', after: 5_000 } },
    is: 'ambiguous ETIMEDOUT',
  },
  { what: 'answers the dot in half', deeds: { dot: { raw: '25' } }, is: 'ambiguous ETIMEDOUT' },
  {
    what: 'answers the dot in half and hangs up',
    deeds: { dot: { raw: '55', and: 'end' } },
    is: 'ambiguous ECONNECTION',
  },
  {
    what: 'accepts without closing the line, and hangs up',
    deeds: { dot: { raw: '250 ok', and: 'end' } },
    is: 'ambiguous ECONNECTION',
  },
  { what: 'answers the dot with nonsense', deeds: { dot: { say: 'thanks' } }, is: 'ambiguous EMESSAGE' },
  { what: 'answers the dot with 2', deeds: { dot: { say: '2' } }, is: 'ambiguous EPROTOCOL' },
  { what: 'answers the dot with 2500', deeds: { dot: { say: '2500 ok' } }, is: 'ambiguous EPROTOCOL' },
  { what: 'answers the dot with 354', deeds: { dot: { say: '354 more' } }, is: 'ambiguous 354' },
  {
    what: 'answers the dot with 250 and 550',
    deeds: { dot: { say: '250-ok\n550 no' } },
    is: 'ambiguous EPROTOCOL',
  },
  {
    what: 'answers the dot with a megabyte',
    deeds: { dot: { raw: `250-${long.repeat(6)}` } },
    is: 'ambiguous EPROTOCOL',
  },

  // After the message; the next one finds out.
  { what: 'accepts twice', deeds: { dot: { say: '250 ok\n250 ok' } }, is: 'accepted 250' },
  { what: 'hangs up while nothing is sent', deeds: { idle: { and: 'end' } }, is: 'accepted 250' },
  { what: 'resets while nothing is sent', deeds: { idle: { and: 'reset' } }, is: 'accepted 250' },
  {
    what: 'says 421 while nothing is sent',
    deeds: { idle: { say: '421 4.4.2 idle', and: 'end' } },
    is: 'accepted 250',
  },
  {
    what: 'says 421 later, while nothing is sent',
    deeds: { idle: { say: '421 4.4.2 idle', after: 30, and: 'end' } },
    is: 'accepted 250',
  },
  { what: 'is silent at RSET', deeds: { RCPT: { say: '550 5.1.1 nobody' }, RSET: {} }, is: 'failed 550' },
  {
    what: 'refuses RSET',
    deeds: { RCPT: { say: '550 5.1.1 nobody' }, RSET: { say: '500 5.5.1 no' } },
    is: 'failed 550',
  },

  // STARTTLS.
  {
    what: 'cannot do STARTTLS now',
    deeds: { STARTTLS: { say: '454 4.7.0 not now' } },
    is: 'accepted 250',
    onlyStarttls: true,
  },
  {
    what: 'does not know STARTTLS, which it offers',
    deeds: { STARTTLS: { say: '502 5.5.1 no' } },
    is: 'accepted 250',
    onlyStarttls: true,
  },
  {
    what: 'answers STARTTLS with 421',
    deeds: { STARTTLS: { say: '421 4.3.2 closing', and: 'end' } },
    is: 'refused 421 pause',
    onlyStarttls: true,
  },
  {
    what: 'hangs up at STARTTLS',
    deeds: { STARTTLS: { and: 'end' } },
    is: 'refused ECONNECTION',
    onlyStarttls: true,
  },
  { what: 'is silent at STARTTLS', deeds: { STARTTLS: {} }, is: 'refused ETIMEDOUT', onlyStarttls: true },
  {
    what: 'speaks no TLS after its 220',
    deeds: { handshake: { say: '500 5.5.1 what?' } },
    is: 'refused ESOCKET',
    onlyStarttls: true,
  },
  {
    what: 'is silent in the handshake',
    deeds: { handshake: {} },
    is: 'refused ETIMEDOUT',
    onlyStarttls: true,
  },
  {
    what: 'hangs up in the handshake',
    deeds: { handshake: { and: 'end' } },
    is: 'refused ESOCKET',
    onlyStarttls: true,
  },
  {
    what: 'has something injected before TLS',
    deeds: { STARTTLS: { say: '220 go ahead\n250-mail.example.org\n250 SIZE 1' } },
    is: 'accepted 250',
    onlyStarttls: true,
  },
];
