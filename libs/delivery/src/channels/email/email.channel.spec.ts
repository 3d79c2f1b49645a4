import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { MailerService } from '@nestjs-modules/mailer';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { mailChannels } from '../../../../../test/support/mail-channels.ts';
import { type Script, ScriptedSmtp } from '../../../../../test/support/scripted-smtp.ts';
import type { Channel, OutgoingMessage } from '../channel.ts';
import { EmailChannel } from './email.channel.ts';

const message: OutgoingMessage = {
  to: 'ada@example.org',
  subject: 'BTC-USD reached 33000',
  text: 'It crossed.',
  html: '<p>It crossed.</p>',
  messageId: '<0199@mail.example.org>',
  requestedAt: new Date('2026-11-22T10:00:00Z'),
};

describe('the e-mail channel', () => {
  const cleanups: (() => unknown)[] = [];
  const never = new AbortController().signal;

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function channelTo(
    port: number,
    from = 'Tocsin <alerts@mail.example.org>',
    variables: NodeJS.ProcessEnv = {},
  ): Promise<Channel> {
    const { inOrder, app } = await mailChannels({
      SMTP_URL: `smtp://127.0.0.1:${port}`,
      MAIL_FROM: from,
      ...variables,
    });
    cleanups.push(() => app.close());
    return inOrder[0];
  }

  /** A real SMTP server; the mails it accepted, as they came. */
  async function server(options: SMTPServerOptions = {}) {
    const mails: { raw: Buffer; envelope: unknown }[] = [];
    const smtp = new SMTPServer({
      authOptional: true,
      hideSTARTTLS: true,
      onData(stream, session, done) {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          mails.push({ raw: Buffer.concat(chunks), envelope: session.envelope });
          done();
        });
      },
      ...options,
    });
    const listening = smtp.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    cleanups.push(() => new Promise<void>((resolve) => smtp.close(resolve)));
    return { mails, port: (listening.address() as AddressInfo).port };
  }

  /** A mail server that does at these stages what it should not. */
  async function misbehaving(deeds: NonNullable<Script['deeds']>) {
    const smtp = await ScriptedSmtp.start({ starttls: false, deeds, times: 2 });
    cleanups.push(() => smtp.close());
    return smtp;
  }

  it('hands over HTML and text, to one recipient, from MAIL_FROM, under the given Message-ID', async () => {
    const { mails, port } = await server();
    const outcome = await (await channelTo(port)).deliver(message, never);
    expect(outcome).toMatchObject({ kind: 'accepted', code: '250', messageId: message.messageId });
    expect(mails).toHaveLength(1);
    expect(mails[0]?.envelope).toMatchObject({
      mailFrom: { address: 'alerts@mail.example.org' },
      rcptTo: [{ address: 'ada@example.org' }],
    });
    const mail = await PostalMime.parse(mails[0]?.raw ?? '');
    expect(mail).toMatchObject({
      from: { name: 'Tocsin', address: 'alerts@mail.example.org' },
      to: [{ address: 'ada@example.org' }],
      subject: message.subject,
      messageId: message.messageId,
    });
    expect(mail.text?.trim()).toBe(message.text);
    expect(mail.html?.trim()).toBe(message.html);
    expect(mail.headers).toContainEqual(
      expect.objectContaining({ key: 'auto-submitted', value: 'auto-generated' }),
    );
  });

  it('keeps its connections', async () => {
    let connections = 0;
    const { mails, port } = await server({
      onConnect(_session, done) {
        connections++;
        done();
      },
    });
    const channel = await channelTo(port);
    for (let count = 0; count < 3; count++) await channel.deliver(message, never);
    expect(mails).toHaveLength(3);
    expect(connections).toBe(1);
  });

  it.each([
    ['ada@example.org\r\nBcc: eve@example.org', 'hi'],
    ['ada@example.org>\r\nRCPT TO:<eve@example.org', 'hi'],
    ['ada@example.org, eve@example.org', 'hi'],
    ['Ada <ada@example.org>', 'hi'],
    ['ada@example.org\0', 'hi'],
    ['nobody', 'hi'],
    ['ada@example.org', 'hi\r\nBcc: eve@example.org'],
    ['ada@example.org', 'hi\nX-Odd: 1'],
  ])('refuses to %j with the subject %j, for good and without a connection', async (to, subject) => {
    const channel = await channelTo(1);
    expect(await channel.deliver({ ...message, to, subject }, never)).toMatchObject({ kind: 'failed' });
  });

  it('reads no file and no URL into a message', async () => {
    const { mails, port } = await server();
    const text = { path: '/etc/hostname' } as unknown as string;
    await (await channelTo(port)).deliver({ ...message, text }, never);
    expect(mails).toEqual([]);
  });

  it('calls a closed port a refusal', async () => {
    const { port } = await server();
    for (const cleanup of cleanups.splice(0)) await cleanup();
    expect(await (await channelTo(port)).deliver(message, never)).toMatchObject({
      kind: 'refused',
      code: 'ESOCKET',
    });
  });

  it('is the same message over all attempts, dated when it was asked for', async () => {
    const { mails, port } = await server();
    const channel = await channelTo(port);
    for (let count = 0; count < 2; count++) await channel.deliver(message, never);
    expect(mails[1]).toEqual(mails[0]);
    const { headers } = await PostalMime.parse(mails[0]?.raw ?? '');
    expect(headers).toContainEqual(
      expect.objectContaining({ key: 'date', value: 'Sun, 22 Nov 2026 10:00:00 +0000' }),
    );
    expect(headers.map(({ key }) => key)).not.toContain('x-mailer');
  });

  it('writes a host beyond ASCII as others do, and refuses what few servers take before the @', async () => {
    const { port } = await server();
    const channel = await channelTo(port);
    expect(await channel.deliver({ ...message, to: 'ada@bücher.example' }, never)).toMatchObject({
      kind: 'accepted',
      request: { to: 'ada@xn--bcher-kva.example' },
    });
    expect(await channel.deliver({ ...message, to: 'adä@example.org' }, never)).toMatchObject({
      kind: 'failed',
      response: expect.stringMatching(/beyond ASCII/),
      request: null,
    });
  });

  it('signs where it has a key', async () => {
    const { mails, port } = await server();
    const { privateKey } = generateKeyPairSync('ed25519');
    const channel = await channelTo(port, 'alerts@mail.example.org', {
      DKIM_DOMAIN: 'mail.example.org',
      DKIM_SELECTOR: '2026a',
      DKIM_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    });
    await channel.deliver(message, never);
    const raw = mails[0]?.raw ?? Buffer.alloc(0);
    expect(raw.toString()).toMatch(
      /^DKIM-Signature: v=1; a=ed25519-sha256; .*\r\n d=mail.example.org; s=2026a;/,
    );
    expect((await PostalMime.parse(raw)).subject).toBe(message.subject);
  });

  it('takes another connection, once, when the one it kept turns out to be dead', async () => {
    const deeds: NonNullable<Script['deeds']> = {};
    const { port, heard } = await misbehaving(deeds);
    const channel = await channelTo(port);
    expect(await channel.deliver(message, never)).toMatchObject({ kind: 'accepted' });
    deeds.MAIL = { and: 'end' };
    expect(await channel.deliver(message, never)).toMatchObject({ kind: 'refused' });
    expect(heard.filter((line) => line.startsWith('MAIL'))).toHaveLength(3);
  });

  it('breaks a hand-over off when the lock is lost, and then knows nothing of its end', async () => {
    const lost = new AbortController();
    const { port, taken } = await misbehaving({ dot: {} });
    const outcome = (await channelTo(port)).deliver(message, lost.signal);
    await expect.poll(() => taken).toHaveLength(1);
    lost.abort();
    expect(await outcome).toMatchObject({
      kind: 'ambiguous',
      code: 'EABORT',
    });
  });

  it.each(['smtp', 'smtps'])('answers when there is no such host: %s', async (protocol) => {
    const variables = { SMTP_URL: `${protocol}://nobody.invalid` };
    const { inOrder, app } = await mailChannels(variables, { connecting: 5_000, answer: 5_000 });
    cleanups.push(() => app.close());
    expect(await inOrder[0].deliver(message, never)).toMatchObject({
      kind: 'refused',
      request: { tls: null },
    });
  });

  it('waits no longer than so long in all, whatever a server says meanwhile', async () => {
    const talking: NodeJS.Timeout[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined).write('220 hello\r\n');
      socket.on('data', (chunk) => {
        const text = chunk.toString('latin1');
        if (text.includes('\r\n.\r\n')) talking.push(setInterval(() => socket.write('250-and\r\n'), 20));
        else if (text === 'DATA\r\n') socket.write('354 go on\r\n');
        else if (/^(EHLO|MAIL|RCPT)/.test(text)) socket.write('250 fine\r\n');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { inOrder, app } = await mailChannels({ SMTP_URL: `smtp://127.0.0.1:${port}` });
    cleanups.push(
      () => app.close(),
      () => server.close(),
      () => talking.forEach(clearInterval),
    );
    const transporter = app.get(MailerService).getTransporter(inOrder[0].provider);
    const from = { name: 'Tocsin', address: 'alerts@mail.example.org' };
    const channel = new EmailChannel('talkative', transporter, from, 1_000);
    expect(await channel.deliver(message, never)).toMatchObject({ kind: 'ambiguous', code: 'ETIMEDOUT' });
  });
});
