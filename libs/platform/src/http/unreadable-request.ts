import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { newId } from '#kernel';
import { shownRequest } from '../logging/index.ts';
import { answerProblem } from './answer-problem.ts';
import { problem } from './problem.ts';

const logger = new Logger('Http');

const problems: Record<string, [status: number, code: string, detail: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'http.headers-too-large', 'The head of the request is larger than 16 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'http.timeout', 'The request did not arrive in time.'],
};

/** Answers a path that no route can be looked up by; no hook has run yet. */
export function refuseUnroutable(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  void reply.headers({ 'X-Request-Id': request.id, 'X-Content-Type-Options': 'nosniff' });
  answerProblem(error, request, reply);
  logger.log({ req: shownRequest(request), res: { statusCode: reply.statusCode } }, 'request refused');
}

/** Answers what Node could not read as HTTP, in the shape of every other error, and hangs up. */
export function refuseUnreadable({ code = '' }: NodeJS.ErrnoException, socket: Socket): void {
  // Browsers connect in advance: who has said nothing is told nothing.
  if (code === 'ECONNRESET' || !socket.writable || socket.bytesRead === 0 || isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const [status, name, detail] = problems[code] ?? [400, 'http.malformed', 'The request is not HTTP/1.1.'];
  const id = newId();
  const body = problem(status, name, detail, '/');
  const json = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${body.title}`,
    'Connection: close',
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(json)}`,
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${id}`,
  ];
  logger.log({ req: { id }, res: { statusCode: status } }, 'request refused');
  socket.end(`${head.join('\r\n')}\r\n\r\n${json}`, () => socket.destroy());
}

/** Whether an answer has begun on the connection, which another one would be taken for a part of. Node asks the same. */
const isAnswering = ({ _httpMessage: answer }: Socket & { _httpMessage?: { headersSent: boolean } | null }) =>
  answer?.headersSent === true;
