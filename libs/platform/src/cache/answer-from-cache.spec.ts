import type { FastifyReply, FastifyRequest } from 'fastify';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../config/index.ts';
import { Redis } from '../redis/index.ts';
import { answerFromCache } from './answer-from-cache.ts';
import { OwnerCache } from './owner-cache.ts';
import { shapeOf } from './shape-of.ts';

const older = z.object({ id: z.uuid(), price: z.string().transform(Number) });
const newer = older.extend({ colour: z.string().nullable().describe('What it looks like.') });

describe('versions of the api that keep answers in one place', () => {
  let cache: OwnerCache;
  const make = vi.fn<() => Promise<{ made: number }>>();
  const request = { url: '/v1/alerts', user: { userId: 'ada' } } as unknown as FastifyRequest;
  const reply = { getHeader: () => '', headers: () => undefined } as unknown as FastifyReply;
  const ask = (schema: z.ZodType) => answerFromCache(cache, 'alerts', shapeOf(schema), request, reply, make);

  beforeEach(async () => {
    cache = new OwnerCache(new Redis(loadConfig({})));
    let made = 0;
    make.mockImplementation(() => Promise.resolve({ made: ++made }));
    // The first answer of an owner is not kept.
    await ask(older);
  });

  it('do not send what the other one has kept where their answers look different', async () => {
    expect(await ask(older)).toBe('{"made":2}');
    expect(await ask(newer)).toBe('{"made":3}');
    expect(await Promise.all([ask(older), ask(newer)])).toEqual(['{"made":2}', '{"made":3}']);
  });

  it('share what looks the same, and end it for both', async () => {
    await ask(older);
    expect(await ask(z.object({ ...older.shape }))).toBe('{"made":2}');
    await ask(newer);
    await cache.changed('alerts', ['ada']);
    expect(await Promise.all([ask(older), ask(newer)])).toEqual(['{"made":4}', '{"made":5}']);
  });
});
