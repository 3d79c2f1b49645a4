import { MailerService } from '@nestjs-modules/mailer';
import { parseMail } from '@protontech/jsmimeparser';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type mailChannels as open, mailChannels } from '../../../../../test/support/mail-channels.ts';
import { scaled } from '../../../../../test/support/scale.ts';
import { ScriptedSmtp } from '../../../../../test/support/scripted-smtp.ts';
import { senderOf } from './compose.ts';
import { EmailChannel } from './email.channel.ts';

/** What an address may be made of before its @, and every kind of letter that ever broke a header. */
const atext = fc.constantFrom(..."abcXYZ019!#$%&'*+-/=?^_`{|}~".split(''));
const odd = fc.constantFrom(
  ' ',
  '  ',
  '\t',
  ',',
  ';',
  ':',
  '"',
  '\\',
  '(',
  ')',
  '[',
  ']',
  '@',
  '=',
  '?',
  '_',
  '=?',
  '?=',
  '=?utf-8?Q?=41?=',
  '=?utf-8?B?QQ==?=',
  'Bcc: eve@example.org',
  'é',
  'Б',
  '価格',
  '😀',
  '👩‍👩‍👧',
  '\u00a0',
  '\u200b',
  '\u202e',
  '\u2028',
  '\x7f',
  '\x01',
  '\x1b',
  'a'.repeat(80),
  '日'.repeat(40),
);
const header = fc
  .array(
    fc.oneof(
      odd,
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) =>
    parts
      .join('')
      .replace(/[\r\n\0]/g, '')
      .slice(0, 200)
      .toWellFormed(),
  )
  .filter((text) => text.trim() !== '');

/** Of letters that this parser shows in a name, for it hides those that deceive; who writes `=?` there means it. */
const named = header.map((text) =>
  text
    .replace(/[\p{C}\p{M}<>]|=\?/gu, '')
    .replace(/[\p{Z}\u2800]+/gu, ' ')
    .replace(/=\?/g, '=')
    .trim(),
);

describe('the headers of a mail, read by a parser of other people', () => {
  let server: ScriptedSmtp;
  let channels: Awaited<ReturnType<typeof open>>;

  beforeAll(async () => {
    server = await ScriptedSmtp.start({ starttls: false });
    channels = await mailChannels({ SMTP_URL: `smtp://127.0.0.1:${server.port}` });
  });

  afterAll(async () => {
    await channels.app.close();
    server.close();
  });

  const names = (raw: string) =>
    raw
      .slice(0, raw.indexOf('\r\n\r\n'))
      .split(/\r\n(?![ \t])/)
      .map((line) => line.slice(0, line.indexOf(':')).toLowerCase());

  it('say what was given, to one recipient, and nothing more', async () => {
    const transporter = channels.app.get(MailerService).getTransporter('127.0.0.1');
    const local = fc
      .array(fc.string({ unit: atext, minLength: 1, maxLength: 15 }), { minLength: 1, maxLength: 4 })
      .map((atoms) => atoms.join('.'));
    await fc.assert(
      fc.asyncProperty(header, named, local, async (subject, name, user) => {
        server.taken.length = 0;
        server.heard.length = 0;
        const sender = senderOf(`"${name.replace(/["\\]/g, '\\$&')}" <alerts@mail.example.org>`);
        const to = `${user}@example.org`;
        const outcome = await new EmailChannel('test', transporter, sender).deliver(
          {
            to,
            subject,
            text: 'text',
            html: '<p>html</p>',
            messageId: '<0199@mail.example.org>',
            requestedAt: new Date('2026-11-22T10:00:00Z'),
          },
          new AbortController().signal,
        );
        expect(outcome.kind).toBe('accepted');
        const [raw = '', ...more] = server.taken;
        expect(more).toEqual([]);
        expect(server.heard.filter((line) => line.startsWith('RCPT'))).toEqual([`RCPT TO:<${to}>`]);
        expect(names(raw).toSorted()).toEqual([
          'auto-submitted',
          'content-type',
          'date',
          'from',
          'message-id',
          'mime-version',
          'subject',
          'to',
        ]);
        const mail = parseMail(Buffer.from(raw, 'latin1'));
        expect(mail.subject).toBe(subject);
        // It puts some into quotes that need none.
        expect(mail.to?.map((one) => 'email' in one && one.email.replace(/^"(.*)"@/, '$1@'))).toEqual([to]);
        expect(mail.from).toEqual({ name, email: 'alerts@mail.example.org' });
      }),
      { numRuns: scaled(300, 10_000) },
    );
  });
});
