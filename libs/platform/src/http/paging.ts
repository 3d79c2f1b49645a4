import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

/** Digits, and not what else JavaScript reads as a number: `1e3`, `0x1`, nothing. */
const whole = (from: number, to: number, fallback: number) => {
  const error = `Give a whole number from ${from} to ${to}.`;
  const number = z.number(error).int(error).min(from, error).max(to, error).default(fallback);
  return z.preprocess((text) => (/^\d+$/.test(String(text)) ? Number(text) : text), number);
};

/** The two query parameters of every list. */
export const pageQuery = {
  page: whole(1, 1_000_000, 1).describe('Page, from 1.'),
  per_page: whole(1, 100, 10).describe('Items a page, at most 100.'),
};

export interface PageRequest {
  readonly page: number;
  readonly perPage: number;
}

export interface Page<T> extends PageRequest {
  readonly items: T[];
  /** How many items there are over all pages. */
  readonly total: number;
  /** Whether `total` was counted, not estimated. */
  readonly totalExact: boolean;
}

/** The answer of every list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    page: z.int(),
    perPage: z.int(),
    total: z.int().describe('Items over all pages.'),
    totalExact: z.boolean().describe('Whether `total` was counted, not estimated.'),
  });

/** The names in `a, b,`; undefined when there are none, since a filter without a value narrows nothing. */
export function namesIn(text: string): string[] | undefined {
  const names = text.split(',').map((name) => name.trim());
  const given = names.filter(Boolean);
  return given.length > 0 ? given : undefined;
}

/** A comma-separated filter over known values; a wrong one is refused with the allowed ones. */
export const filterOf = <T extends string>(values: readonly [T, ...T[]], description: string) =>
  z
    .string()
    .transform(namesIn)
    .pipe(z.array(z.enum(values, { error: `Allowed values: ${values.join(', ')}.` })).optional())
    .optional()
    .describe(`${description} Comma-separated: ${values.join(', ')}.`);

/** Sets `Link` (RFC 8288) with the first, previous, next and last page of this very query. */
export function linkPages(
  request: FastifyRequest,
  reply: FastifyReply,
  { page, perPage, total }: Page<unknown>,
): void {
  const last = Math.max(1, Math.ceil(total / perPage));
  const [path, ...query] = request.url.split('?');
  const link = (target: number, relation: string) => {
    const parameters = new URLSearchParams(query.join('?'));
    parameters.set('page', String(target));
    parameters.set('per_page', String(perPage));
    return `<${path}?${parameters.toString()}>; rel="${relation}"`;
  };
  const links = [link(1, 'first')];
  if (page > 1) links.push(link(Math.min(page - 1, last), 'prev'));
  if (page < last) links.push(link(page + 1, 'next'));
  links.push(link(last, 'last'));
  void reply.header('Link', links.join(', '));
}
