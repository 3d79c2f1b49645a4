import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { request, type OutgoingHttpHeaders } from 'node:http';
import { connect, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startMailbox, type Mailbox } from './mailbox.ts';
import type { Message } from './message.ts';

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('the development inbox', () => {
  let directory: string;
  let mailbox: Mailbox;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-mailbox-'));
    mailbox = await startMailbox({ httpPort: 0, smtpPort: 0, directory });
  });

  afterEach(async () => {
    await mailbox.close();
    await rm(directory, { recursive: true, force: true });
  });

  const send = (mail: SendMailOptions) =>
    createTransport({ host: '127.0.0.1', port: mailbox.smtpPort, ignoreTLS: true }).sendMail({
      from: 'Tocsin <tocsin@example.org>',
      to: 'ada@example.org',
      ...mail,
    });

  async function call(path: string, headers: OutgoingHttpHeaders = {}, method = 'GET') {
    const sent = request({ host: '127.0.0.1', port: mailbox.httpPort, path, method, headers, agent: false });
    const [response] = await once(sent.end(), 'response');
    return { status: response.statusCode, headers: response.headers, body: await readAll(response) };
  }
  const list = async (query = ''): Promise<Message[]> =>
    JSON.parse((await call(`/api/messages${query}`)).body);
  const subjects = async (query = '') => (await list(query)).map(({ subject }) => subject);
  const newestId = async () => (await list())[0]?.id;

  describe('receiving', () => {
    it('has a mail on disk and in the list by the time its sender is told 250', async () => {
      await send({ subject: 'BTC-USD reached 33000', text: 'It crossed.' });
      const [file] = await readdir(directory);
      expect(await readFile(join(directory, file ?? ''), 'utf8')).toContain('It crossed.');
      expect(await subjects()).toEqual(['BTC-USD reached 33000']);
    });

    it('tells the sender to try again when the mail cannot be written', async () => {
      const complaint = vi.spyOn(console, 'error').mockReturnValue();
      await rm(directory, { recursive: true });
      await expect(send({ subject: 'lost?', text: 'no' })).rejects.toMatchObject({ responseCode: 451 });
      expect(await list()).toEqual([]);
      expect(complaint).toHaveBeenCalledOnce();
      complaint.mockRestore();
    });

    it('refuses a mail above 10 MiB with 552, keeps nothing of it, and goes on', async () => {
      const raw = Buffer.alloc(10 * 1024 * 1024 + 1, 'Subject: x\r\n\r\n a long line of text\r\n');
      await expect(send({ raw })).rejects.toMatchObject({ responseCode: 552 });
      expect(await readdir(directory)).toEqual([]);
      await send({ subject: 'small' });
      expect(await subjects()).toEqual(['small']);
    });

    it('keeps nothing of a mail whose connection broke before its end', async () => {
      const socket = connect(mailbox.smtpPort, '127.0.0.1');
      for (const line of ['EHLO me', 'MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.org>', 'DATA']) {
        await once(socket, 'data');
        socket.write(`${line}\r\n`);
      }
      await once(socket, 'data');
      socket.end('Subject: half\r\n\r\nThe first hal');
      await once(socket.resume(), 'close');
      await mailbox.close();
      expect(await readdir(directory)).toEqual([]);
    });

    it('takes mail for several people, hidden ones included, from a sender without a password', async () => {
      await send({ to: ['Ada <ada@example.org>', 'bob@example.org'], bcc: 'eve@example.org', text: 'all' });
      expect(await list()).toMatchObject([
        {
          envelope: {
            from: 'tocsin@example.org',
            to: ['ada@example.org', 'bob@example.org', 'eve@example.org'],
          },
          from: 'tocsin@example.org',
          to: ['ada@example.org', 'bob@example.org'],
        },
      ]);
    });

    it('still has every mail after a restart', async () => {
      await send({ subject: 'kept', text: 'body' });
      const before = await list();
      await mailbox.close();
      mailbox = await startMailbox({ httpPort: 0, smtpPort: 0, directory });
      expect(await list()).toEqual(before);
    });
  });

  describe('reading', () => {
    it('lists the newest first, with parts, headers and the time of arrival', async () => {
      await send({ subject: 'older' });
      await send({ subject: 'Grüße', text: 'plain', html: '<b>bold</b>', messageId: '<m1@example.org>' });
      const [newest, older] = await list();
      expect(older).toMatchObject({ subject: 'older', html: null });
      expect(newest).toMatchObject({ subject: 'Grüße', messageId: '<m1@example.org>' });
      expect(newest?.text?.trim()).toBe('plain');
      expect(newest?.html?.trim()).toBe('<b>bold</b>');
      expect(newest?.receivedAt).toBe(new Date(newest?.receivedAt ?? '').toISOString());
      expect(newest?.headers).toContainEqual({ name: 'Message-ID', value: '<m1@example.org>' });
    });

    it('filters by recipient whatever the case, and by a part of the subject', async () => {
      await send({ to: 'Ada@Example.org', subject: 'BTC-USD at 33000' });
      await send({ to: 'bob@example.org', bcc: 'ada@example.org', subject: 'ETH-USD at 2000' });
      await send({ to: 'bob@example.org', subject: 'BTC-USD at 34000' });
      expect(await subjects('?to=ADA%40example.org')).toEqual(['ETH-USD at 2000', 'BTC-USD at 33000']);
      expect(await subjects('?subject=btc-usd')).toEqual(['BTC-USD at 34000', 'BTC-USD at 33000']);
      expect(await subjects('?to=bob@example.org&subject=BTC')).toEqual(['BTC-USD at 34000']);
      expect(await subjects('?to=example.org')).toEqual([]);
    });

    it('gives a list without the bodies to those who ask for a summary', async () => {
      await send({ subject: 'short', text: 'a long text' });
      const [only] = await list('?view=summary');
      expect(only).toMatchObject({ subject: 'short', to: ['ada@example.org'] });
      expect(only).not.toHaveProperty('text');
      expect(only).not.toHaveProperty('headers');
    });

    it('answers 304 as long as nothing changed', async () => {
      const { headers } = await call('/api/messages');
      expect((await call('/api/messages', { 'if-none-match': headers.etag })).status).toBe(304);
      await send({ subject: 'news' });
      expect((await call('/api/messages', { 'if-none-match': headers.etag })).status).toBe(200);
    });

    it('gives one mail by its id, and its source as it came', async () => {
      await send({ raw: 'Subject: raw\r\nX-Odd:  two  spaces\r\n\r\nas it is\r\n' });
      const id = await newestId();
      expect(JSON.parse((await call(`/api/messages/${id}`)).body)).toMatchObject({ id, subject: 'raw' });
      const source = await call(`/api/messages/${id}/source`);
      expect(source.headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(source.body).toBe('Subject: raw\r\nX-Odd:  two  spaces\r\n\r\nas it is\r\n');
    });

    it.each(['/api/messages/none', '/api/messages/none/html', '/api/messages/..%2F..', '/other', '//'])(
      'answers 404 in JSON to %s',
      async (path) => {
        const { status, headers, body } = await call(path);
        expect(status).toBe(404);
        expect(headers['content-type']).toContain('application/json');
        expect(JSON.parse(body)).toHaveProperty('error');
      },
    );

    it('answers 404 for the HTML of a mail that has none', async () => {
      await send({ text: 'plain only' });
      expect((await call(`/api/messages/${await newestId()}/html`)).status).toBe(404);
    });
  });

  describe('hostile mail', () => {
    it('is served as HTML that may run no script, load nothing and send no form', async () => {
      await send({ html: '<script>alert(1)</script><img src="http://evil.example/seen.png">' });
      const { headers } = await call(`/api/messages/${await newestId()}/html`);
      const policy = String(headers['content-security-policy']).split('; ');
      expect(policy).toContain('sandbox');
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain('img-src data:');
      expect(policy).toContain("form-action 'none'");
      expect(policy.filter((rule) => /script|allow-|http|\*/.test(rule))).toEqual([]);
      expect(headers['x-content-type-options']).toBe('nosniff');
    });

    it('cannot turn its source or its JSON into a page', async () => {
      await send({ raw: '<script>alert(1)</script>' });
      for (const part of ['', '/source']) {
        const { headers } = await call(`/api/messages/${await newestId()}${part}`);
        expect(headers['content-type']).toMatch(/^(application\/json|text\/plain);/);
        expect(headers['x-content-type-options']).toBe('nosniff');
        expect(headers['content-security-policy']).toMatch(/^sandbox; default-src 'none'/);
      }
    });

    it('shows pictures that came attached, without a request for them', async () => {
      const html = '<img src="cid:chart@tocsin">';
      const attachments = [
        { cid: 'chart@tocsin', content: PIXEL, encoding: 'base64', filename: 'chart.png' },
      ];
      await send({ html, attachments });
      const { body } = await call(`/api/messages/${await newestId()}/html`);
      expect(body.trim()).toBe(`<img src="data:image/png;base64,${PIXEL}">`);
    });
  });

  describe('other sites', () => {
    it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io:1080', '10.0.0.1'])(
      'cannot read the inbox through a name of their own (Host: %s)',
      async (host) => {
        expect((await call('/api/messages', { host })).status).toBe(403);
      },
    );

    it.each(['localhost', 'LOCALHOST:1080', '127.0.0.1:80', '[::1]:1080'])(
      'are not mistaken for this machine (Host: %s)',
      async (host) => {
        expect((await call('/api/messages', { host })).status).toBe(200);
      },
    );

    it.each([
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'http://localhost:3000' },
      { origin: 'null' },
    ])('cannot empty the inbox (%o)', async (headers) => {
      await send({ subject: 'stays' });
      expect((await call('/api/messages', headers, 'DELETE')).status).toBe(403);
      expect(await subjects()).toEqual(['stays']);
    });

    it('leave emptying to scripts and to the own page', async () => {
      for (const own of [
        {},
        { 'sec-fetch-site': 'same-origin', origin: 'http://localhost', host: 'localhost' },
      ]) {
        await send({ subject: 'goes' });
        expect((await call('/api/messages', own, 'DELETE')).status).toBe(204);
        expect(await list()).toEqual([]);
        expect(await readdir(directory)).toEqual([]);
      }
    });

    it('get 405 with the possible methods for anything else', async () => {
      const { status, headers } = await call('/api/messages', {}, 'POST');
      expect(status).toBe(405);
      expect(headers.allow).toBe('GET, HEAD, DELETE');
    });
  });

  describe('the page', () => {
    it('runs only its own script and names the SMTP port to send to', async () => {
      const { headers, body } = await call('/');
      expect(headers['content-security-policy']).toMatch(/^default-src 'none';.* script-src 'self';/);
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(body).toContain(`smtp://127.0.0.1:${mailbox.smtpPort}`);
      for (const [, asset] of body.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
        expect(await call(asset ?? '')).toMatchObject({ status: 200 });
      }
    });
  });

  describe('ports', () => {
    it('are open to this machine only, unless another address is given', async () => {
      const listen = vi.spyOn(Server.prototype, 'listen');
      const opened = async (host?: string) => {
        listen.mockClear();
        await mailbox.close();
        mailbox = await startMailbox({ httpPort: 0, smtpPort: 0, directory, ...(host && { host }) });
        return listen.mock.calls.map(([, address]) => address);
      };
      expect(await opened()).toEqual(['127.0.0.1', '127.0.0.1']);
      expect(await opened('0.0.0.0')).toEqual(['0.0.0.0', '0.0.0.0']);
      listen.mockRestore();
    });

    it('that are taken are named together with the variable that changes them', async () => {
      const { httpPort, smtpPort } = mailbox;
      await expect(startMailbox({ httpPort, smtpPort: 0, directory })).rejects.toThrow(
        `Port ${httpPort} is taken: set MAILBOX_PORT to a free one.`,
      );
      await expect(startMailbox({ httpPort: 0, smtpPort, directory })).rejects.toThrow(
        `Port ${smtpPort} is taken: set MAILBOX_SMTP_PORT to a free one.`,
      );
    });

    it('are free again after closing, idle connections or not', async () => {
      const idle = connect(mailbox.smtpPort, '127.0.0.1');
      await once(idle, 'data');
      const { httpPort, smtpPort } = mailbox;
      await Promise.all([mailbox.close(), once(idle.resume(), 'close')]);
      mailbox = await startMailbox({ httpPort, smtpPort, directory });
      expect(mailbox).toMatchObject({ httpPort, smtpPort });
    });
  });
});
