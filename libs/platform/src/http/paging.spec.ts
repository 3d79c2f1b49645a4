import type { FastifyReply, FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { filterOf, linkPages, pageQuery } from './paging.ts';

/** The `Link` header as relations and where they lead. */
function linksOf(url: string, page: number, perPage: number, total: number): Record<string, string> {
  const headers = new Map<string, string>();
  const reply = { header: (name: string, value: string) => headers.set(name, value) };
  linkPages({ url } as FastifyRequest, reply as unknown as FastifyReply, {
    items: [],
    page,
    perPage,
    total,
    totalExact: true,
  });
  const links = (headers.get('Link') ?? '').split(', ').map((link) => {
    const [, target, relation] = /^<([^<>]+)>; rel="(\w+)"$/.exec(link) ?? [];
    return [relation, target];
  });
  return Object.fromEntries(links) as Record<string, string>;
}

describe('the links of a list', () => {
  it('lead to the first, previous, next and last page', () => {
    expect(linksOf('/v1/alerts?page=2&per_page=10', 2, 10, 31)).toEqual({
      first: '/v1/alerts?page=1&per_page=10',
      prev: '/v1/alerts?page=1&per_page=10',
      next: '/v1/alerts?page=3&per_page=10',
      last: '/v1/alerts?page=4&per_page=10',
    });
  });

  it('name the page size also when the query did not', () => {
    expect(linksOf('/v1/alerts', 1, 10, 11)).toEqual({
      first: '/v1/alerts?page=1&per_page=10',
      next: '/v1/alerts?page=2&per_page=10',
      last: '/v1/alerts?page=2&per_page=10',
    });
  });

  it('have no next on a last page that is full, and no other than the first on an empty list', () => {
    expect(linksOf('/v1/alerts', 2, 10, 20)).not.toHaveProperty('next');
    expect(Object.keys(linksOf('/v1/alerts', 1, 10, 0))).toEqual(['first', 'last']);
    expect(linksOf('/v1/alerts', 1, 10, 0)['last']).toBe('/v1/alerts?page=1&per_page=10');
  });

  it('lead back from beyond the end', () => {
    const links = linksOf('/v1/alerts?page=9', 9, 10, 31);
    expect(links['prev']).toBe('/v1/alerts?page=4&per_page=10');
    expect(links).not.toHaveProperty('next');
  });

  it('keep the rest of the query, whatever it holds', () => {
    const { next = '' } = linksOf('/v1/instruments?q=what?%3Cb%3E,%20&type=crypto,stock&page=1', 1, 10, 11);
    const { pathname, searchParams } = new URL(next, 'http://localhost');
    expect(pathname).toBe('/v1/instruments');
    expect(Object.fromEntries(searchParams)).toEqual({
      q: 'what?<b>, ',
      type: 'crypto,stock',
      page: '2',
      per_page: '10',
    });
  });
});

describe('the parameters of a list', () => {
  const query = z.object(pageQuery);

  it('are page 1 of 10 unless told', () => {
    expect(query.parse({})).toEqual({ page: 1, per_page: 10 });
    expect(query.parse({ page: '7', per_page: '100' })).toEqual({ page: 7, per_page: 100 });
  });

  it.each(['0', '-1', '1.5', '1e1', '0x2', '', ' ', 'all', '101', ['1', '2']])(
    'refuse %j items a page',
    (perPage) => {
      const { error } = query.safeParse({ per_page: perPage });
      expect(error?.issues).toMatchObject([
        { path: ['per_page'], message: 'Give a whole number from 1 to 100.' },
      ]);
    },
  );
});

describe('a filter', () => {
  const status = filterOf(['active', 'triggered'], 'Status.');

  it('takes values separated by commas', () => {
    expect(status.parse('active, triggered,')).toEqual(['active', 'triggered']);
    expect(status.parse(undefined)).toBeUndefined();
  });

  it('names the allowed values to whoever gives another', () => {
    expect(status.safeParse('active,gone').error?.issues).toMatchObject([
      { path: [1], message: 'Allowed values: active, triggered.' },
    ]);
  });
});
