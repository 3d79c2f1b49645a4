import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { clientAddress } from '#platform/http';
import type { Client } from '../features/sessions.ts';

/** From where a request comes: what sessions and the audit log remember of it. */
export const FromClient = createParamDecorator((_data: unknown, context: ExecutionContext): Client => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return { address: clientAddress(request), userAgent: request.headers['user-agent'] ?? null };
});
