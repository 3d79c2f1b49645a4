import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { certificate } from '../../../../../test/support/certificate.ts';
import { mailChannels } from '../../../../../test/support/mail-channels.ts';
import { ScriptedSmtp } from '../../../../../test/support/scripted-smtp.ts';
import type { Outcome } from '../channel.ts';

const message = {
  to: 'ada@example.org',
  subject: 'hi',
  text: 'text',
  html: '<p>html</p>',
  messageId: '<0199@mail.example.org>',
  requestedAt: new Date('2026-11-22T10:00:00Z'),
};

describe('a connection to a mail server', () => {
  const cleanups: (() => unknown)[] = [];
  const trusted = getCACertificates('default');

  afterEach(async () => {
    setDefaultCACertificates(trusted);
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function deliver(
    starttls: boolean,
    variables: NodeJS.ProcessEnv,
    login = '',
  ): Promise<[Outcome, ScriptedSmtp]> {
    const server = await ScriptedSmtp.start({ starttls, extensions: login ? ['AUTH PLAIN'] : [] });
    cleanups.push(() => server.close());
    const { inOrder, app } = await mailChannels({
      SMTP_URL: `smtp://${login}127.0.0.1:${server.port}`,
      ...variables,
    });
    cleanups.push(() => app.close());
    return [await inOrder[0].deliver(message, new AbortController().signal), server];
  }

  it('is encrypted where the server offers it, whoever certifies it, and goes on in clear where not', async () => {
    const [encrypted] = await deliver(true, {});
    expect(encrypted).toMatchObject({ kind: 'accepted', request: { tls: 'TLSv1.3', authenticated: false } });
    const [clear] = await deliver(false, {});
    expect(clear).toMatchObject({ kind: 'accepted', request: { tls: null } });
  });

  it('tells what was handed over', async () => {
    const [{ request }, { taken }] = await deliver(false, { MAIL_FROM: 'Tocsin <alerts@mail.example.org>' });
    const bytes = Buffer.byteLength(taken[0] ?? '');
    expect(request).toEqual({
      from: 'alerts@mail.example.org',
      to: 'ada@example.org',
      bytes,
      tls: null,
      authenticated: false,
    });
  });

  it('is never in clear where TLS is required', async () => {
    const [refused, server] = await deliver(false, { SMTP_TLS: 'required' });
    expect(refused).toMatchObject({ kind: 'refused', code: '500', pause: false });
    expect(refused.response).toMatch(/^No STARTTLS there, which SMTP_TLS/);
    expect(server.heard).toEqual([expect.stringMatching(/^EHLO/), 'STARTTLS']);
  });

  it.each([
    ['where TLS is required', '', { SMTP_TLS: 'required' }],
    ['where a password waits', 'ada:secret@', {}],
  ])('is refused with a certificate of nobody known, %s', async (_when, login, variables) => {
    const [refused, server] = await deliver(true, variables, login);
    expect(refused).toMatchObject({ kind: 'refused', request: { tls: null } });
    expect(refused.response).toMatch(/^Certificate refused \(NODE_EXTRA_CA_CERTS/);
    expect(server.heard).toEqual([expect.stringMatching(/^EHLO/), 'STARTTLS']);
  });

  it('is logged in where the certificate is good', async () => {
    setDefaultCACertificates([...trusted, certificate.cert]);
    const [accepted, server] = await deliver(true, { SMTP_TLS: 'required' }, 'ada:secret@');
    expect(accepted).toMatchObject({ kind: 'accepted', request: { tls: 'TLSv1.3', authenticated: true } });
    expect(server.heard.findIndex((line) => line.startsWith('AUTH'))).toBeGreaterThan(
      server.heard.indexOf('STARTTLS'),
    );
  });

  it('is to each provider its own', async () => {
    const second = await ScriptedSmtp.start({ starttls: false });
    cleanups.push(() => second.close());
    const server = await ScriptedSmtp.start({
      starttls: false,
      deeds: { MAIL: { say: '421 4.3.2 closing' } },
    });
    cleanups.push(() => server.close());
    const { inOrder, app } = await mailChannels({
      SMTP_URL: `smtp://127.0.0.1:${server.port}`,
      SMTP_FALLBACK_URL: `smtp://127.0.0.1:${second.port}`,
    });
    cleanups.push(() => app.close());
    expect(inOrder.map(({ provider }) => provider)).toEqual([
      `127.0.0.1:${server.port}`,
      `127.0.0.1:${second.port}`,
    ]);
    const outcomes = await Promise.all(
      inOrder.map((one) => one.deliver(message, new AbortController().signal)),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['refused', 'accepted']);
    expect([server.taken.length, second.taken.length]).toEqual([0, 1]);
  });
});
