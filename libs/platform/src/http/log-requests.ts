import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestLog, shownRequest } from '../logging/index.ts';
import { clientAddress } from './client-address.ts';
import type { Principal } from './principal.ts';
import { isProbe } from './probe.ts';

/** nginx's number for a client that hung up before it was answered. */
const gaveUp = 499;

/** Writes a line for each request when it is over, and lets the lines written meanwhile name it. */
export function logRequests(app: NestFastifyApplication): void {
  const log = app.get(RequestLog);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, reply, next) => {
    const began = performance.now();
    // Now, and not when the connection may be gone.
    const ip = clientAddress(request);
    const { socket } = request.raw;
    const sentBefore = socket.bytesWritten;
    reply.raw.once('close', () => {
      const { statusCode, aborted } = outcomeOf(reply);
      const line = {
        req: { ...shownRequest(request), route: request.routeOptions.url, ip, account: accountOf(request) },
        res: { statusCode, bytes: socket.bytesWritten - sentBefore },
        ms: Math.round((performance.now() - began) * 10) / 10,
      };
      log.write(levelOf(request, statusCode), line, aborted ? 'request aborted' : 'request completed');
    });
    log.during(request, next);
  });
}

function outcomeOf({ raw, statusCode }: FastifyReply): { statusCode: number; aborted: boolean } {
  const aborted = !raw.writableFinished;
  return { aborted, statusCode: raw.headersSent ? statusCode : gaveUp };
}

/** An error of ours has a line of its own beside this one, with its place and reason. */
function levelOf(request: FastifyRequest, statusCode: number): 'debug' | 'info' | 'warn' {
  if (statusCode >= 500) return 'warn';
  return statusCode < 400 && isProbe(request) ? 'debug' : 'info';
}

const accountOf = (request: FastifyRequest & { user?: Principal }) => request.user?.userId;
