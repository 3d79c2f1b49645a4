import type { Socket } from 'node:net';
import { problem } from './problem.ts';

const problems: Record<string, [status: number, code: string, detail: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'http.headers-too-large', 'The head of the request is larger than 16 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'http.timeout', 'The request did not arrive in time.'],
};

/** Answers what Node could not read as HTTP, in the shape of every other error, and hangs up. */
export function refuseUnreadable({ code = '' }: NodeJS.ErrnoException, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, name, detail] = problems[code] ?? [400, 'http.malformed', 'The request is not HTTP/1.1.'];
  const body = problem(status, name, detail, '/');
  const json = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${body.title}`,
    'Connection: close',
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(json)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${json}`, () => socket.destroy());
}
