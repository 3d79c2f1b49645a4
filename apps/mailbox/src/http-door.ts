import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Inbox } from './inbox.ts';
import { selfContainedHtml, type Message } from './message.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'";
const PAGE_POLICY = `${NOTHING}; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; frame-ancestors 'none'`;
/** For a mail's own HTML: an origin of its own, no script, no form, no byte from anywhere else. */
const MAIL_POLICY = `sandbox; ${NOTHING}; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'`;
const DATA_POLICY = `sandbox; ${NOTHING}; frame-ancestors 'none'`;

type Answer = { status: number; body?: string | Buffer; type?: string; headers?: Record<string, string> };

/** The page and its JSON; `smtpPort` is shown on the page. */
export async function createHttpDoor(inbox: Inbox, smtpPort: number): Promise<Server> {
  const page = await readPage(smtpPort);
  return createServer((request, response) => {
    answer(inbox, page, request)
      .catch((error: unknown): Answer => {
        console.error(`mailbox: ${request.method} ${request.url}: ${String(error)}`);
        return failure(500, 'the inbox could not do that');
      })
      .then((given) => write(response, given))
      .catch(() => response.destroy());
  });
}

async function answer(inbox: Inbox, page: Map<string, Answer>, request: IncomingMessage): Promise<Answer> {
  // A web page elsewhere can point its own name at 127.0.0.1 (DNS rebinding); its requests carry that name.
  if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(request.headers.host ?? '')) {
    return failure(403, 'open the inbox as localhost, 127.0.0.1 or [::1]');
  }
  const [pathname = '/', query] = (request.url ?? '/').split('?', 2);
  if (request.method === 'DELETE' && pathname === '/api/messages') {
    if (isCrossSite(request)) return failure(403, 'another site may not empty the inbox');
    await inbox.clear();
    return { status: 204 };
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const allow = pathname === '/api/messages' ? 'GET, HEAD, DELETE' : 'GET, HEAD';
    return { ...failure(405, `${request.method} is not possible here`), headers: { allow } };
  }
  if (pathname === '/api/messages') return list(inbox, new URLSearchParams(query), request);
  const [, id, part] = /^\/api\/messages\/([^/]+)(?:\/(source|html))?$/.exec(pathname) ?? [];
  if (id !== undefined) return one(inbox, id, part);
  return page.get(pathname) ?? failure(404, 'no such page');
}

function list(inbox: Inbox, wanted: URLSearchParams, request: IncomingMessage): Answer {
  // Pollers ask every other second: while nothing changed they get 304 and no body.
  const headers = { etag: `W/"${inbox.version}"` };
  if (request.headers['if-none-match'] === headers.etag) return { status: 304, headers };
  const to = wanted.get('to')?.toLowerCase();
  const subject = wanted.get('subject')?.toLowerCase();
  const found = inbox.messages.filter(
    (message) =>
      (to === undefined ||
        [...message.envelope.to, ...message.to].some((address) => address.toLowerCase() === to)) &&
      (subject === undefined || message.subject.toLowerCase().includes(subject)),
  );
  return { ...json(wanted.get('view') === 'summary' ? found.map(summary) : found), headers };
}

/** Enough for a list: a thousand mails without their bodies. */
function summary({ text: _text, html: _html, headers: _headers, ...rest }: Message) {
  return rest;
}

async function one(inbox: Inbox, id: string, part: string | undefined): Promise<Answer> {
  const message = inbox.find(id);
  if (!message) return failure(404, 'no such message');
  if (part === undefined) return json(message);
  const source = await inbox.source(id);
  if (!source) return failure(404, 'no such message');
  if (part === 'source') return { status: 200, type: 'text/plain; charset=utf-8', body: source };
  const html = message.html === null ? undefined : await selfContainedHtml(source);
  if (html === undefined) return failure(404, 'this message has no HTML part');
  const headers = { 'content-security-policy': MAIL_POLICY };
  return { status: 200, type: 'text/html; charset=utf-8', body: html, headers };
}

/** Browsers say where a request comes from; a script without a browser sends neither header. */
function isCrossSite({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return headers.origin !== undefined && headers.origin !== `http://${headers.host}`;
}

async function readPage(smtpPort: number): Promise<Map<string, Answer>> {
  const html = await asset('page.html', 'text/html');
  html.body = html.body.replaceAll('{{smtpPort}}', String(smtpPort));
  return new Map([
    ['/', html],
    ['/page.css', await asset('page.css', 'text/css')],
    ['/page.js', await asset('page.js', 'text/javascript')],
  ]);
}

async function asset(name: string, type: string) {
  const body = await readFile(join(import.meta.dirname, 'page', name), 'utf8');
  const headers = { 'content-security-policy': PAGE_POLICY };
  return { status: 200, type: `${type}; charset=utf-8`, body, headers };
}

function json(value: unknown): Answer {
  return { status: 200, type: JSON_TYPE, body: JSON.stringify(value) };
}

function failure(status: number, error: string): Answer {
  return { status, type: JSON_TYPE, body: JSON.stringify({ error }) };
}

function write(response: ServerResponse, { status, body, type, headers }: Answer): void {
  response.writeHead(status, {
    'content-security-policy': DATA_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-cache',
    ...(type && { 'content-type': type }),
    ...headers,
  });
  response.end(body);
}
