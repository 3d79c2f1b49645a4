import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../http/principal.ts';
import { OwnerCache } from './owner-cache.ts';

/** Of a path with its query, which is kept with the answer; longer ones are rare. */
const longestUrl = 500;

/**
 * Answers a page of the caller's own list as it is kept under the very URL and the shape of the answer
 * (`shapeOf`), or as `make` makes it, which sets `Link`. Whatever changes the list calls `OwnerCache.changed` with the same name.
 */
export async function answerFromCache(
  cache: OwnerCache,
  list: string,
  shape: string,
  request: FastifyRequest,
  reply: FastifyReply,
  make: (ownerId: string) => Promise<object>,
): Promise<string> {
  const { userId } = (request as FastifyRequest & { user: Principal }).user;
  const serialize = async () => ({
    body: JSON.stringify(await make(userId)),
    link: String(reply.getHeader('Link')),
  });
  const { body, link } =
    request.url.length > longestUrl
      ? await serialize()
      : await cache.read(list, userId, `${shape} ${request.url}`, serialize);
  void reply.headers({ Link: link, 'Content-Type': 'application/json; charset=utf-8' });
  return body;
}
