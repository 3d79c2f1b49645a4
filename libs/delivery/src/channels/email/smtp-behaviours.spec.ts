import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { certificate } from '../../../../../test/support/certificate.ts';
import { mailChannels } from '../../../../../test/support/mail-channels.ts';
import { ScriptedSmtp } from '../../../../../test/support/scripted-smtp.ts';
import { type Behaviour, behaviours } from '../../../../../test/support/smtp-behaviours.ts';
import type { Outcome, OutgoingMessage } from '../channel.ts';

const message: OutgoingMessage = {
  to: 'ada@example.org',
  subject: 'BTC-USD reached 33000',
  text: 'It crossed.',
  html: '<p>It crossed.</p>',
  messageId: '<first@mail.example.org>',
  requestedAt: new Date('2026-11-22T10:00:00Z'),
};
const second = { ...message, messageId: '<second@mail.example.org>' };
// More than sockets hold for a server that does not read.
const large = { ...message, text: 'Всё это. '.repeat(400_000), html: '' };
const never = new AbortController().signal;

/** Short where waiting is what is tested. */
const patienceFor = (is: string, brief = 2_000, long = 10_000) => ({
  connecting: is === 'refused ETIMEDOUT' ? brief : long,
  answer: is.includes('ETIMEDOUT') || is === 'failed 550' ? brief : long,
});

/** How often a message may have been taken. */
const possible = { accepted: [1], ambiguous: [0, 1], refused: [0], failed: [0] };

const told = ({ kind, code, pause }: Outcome): string => `${kind} ${code}${pause ? ' pause' : ''}`;

describe.each([
  ['in clear', false],
  ['after STARTTLS', true],
])('the outcome of a hand-over, %s, to a server that', (_mode, starttls) => {
  beforeAll(() => setDefaultCACertificates([...getCACertificates('default'), certificate.cert]));

  const rows = behaviours.filter(({ onlyStarttls = false }) => starttls || !onlyStarttls);

  it.concurrent.each(rows)('$what', { timeout: 30_000 }, async ({ is, ...row }: Behaviour) => {
    const { deeds, times = 1, extensions = [], login = false } = row;
    const announced = [...extensions, ...(login ? ['AUTH PLAIN LOGIN'] : [])];
    const server = await ScriptedSmtp.start({ starttls, deeds, times, extensions: announced });
    const { inOrder, app } = await mailChannels(
      {
        SMTP_URL: `smtp://${login ? 'ada:secret@' : ''}127.0.0.1:${server.port}`,
        SMTP_CONNECTIONS: '1',
      },
      patienceFor(is),
    );
    const taken = ({ messageId }: OutgoingMessage) =>
      server.taken.filter((mail) => mail.includes(messageId)).length;
    try {
      const outcome = await inOrder[0].deliver(row.large ? large : message, never);
      expect([is, row.or]).toContain(told(outcome));
      expect(outcome.response).toMatch(/^[\P{Cc}\t\n]{0,500}$/u);
      // Never refused, or failed, although the server has it; never accepted although it has not.
      expect(possible[outcome.kind]).toContain(taken(message));
      // Over the only connection there may be.
      const sendNext = async () => told(await inOrder[0].deliver(second, never));
      let next = await sendNext();
      // An impatient channel may have met a busy machine.
      let tries = 1;
      for (; next.endsWith(' ETIMEDOUT') && tries < 4; tries++) next = await sendNext();
      expect(next, 'the next message').toBe('accepted 250');
      expect(taken(second)).toBeGreaterThanOrEqual(1);
      expect(taken(second)).toBeLessThanOrEqual(tries);
    } finally {
      await app.close();
      server.close();
    }
  });
});
