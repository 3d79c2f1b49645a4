import { BadRequestException, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { ExpectedVersions } from '#kernel';
import { ApiProblem, ApiProblems } from './api-problems.ts';

const entityTags = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;
const tagOfVersion = /^"([1-9]\d{0,9})"$/;

/**
 * The versions that an `If-Match` names (RFC 9110, 13.1.1). A weak tag, and one that is none of ours, names no
 * version and so matches nothing.
 */
export function versionsIn(header: string | undefined): ExpectedVersions {
  if (header === undefined || header.trim() === '*') return null;
  const tags = header.match(entityTags);
  // No header holds a NUL, so here it can stand for a tag.
  const elements = header.replaceAll(entityTags, '\0').split(',');
  if (!tags || elements.some((element) => !/^[ \t]*\0?[ \t]*$/.test(element))) {
    throw new BadRequestException('If-Match is a list of entity tags such as "3", or *.');
  }
  return tags.flatMap((tag) => tagOfVersion.exec(tag)?.[1] ?? []).map(Number);
}

/** The versions that the caller's `If-Match` allows to change, null for any; documents the header and its errors. */
export const IfMatch = createParamDecorator(
  (_data: unknown, context: ExecutionContext) =>
    versionsIn(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
  [
    (controller, method = '') => {
      const route = Object.getOwnPropertyDescriptor(controller, method);
      if (!route) return;
      for (const document of [ifMatchHeader, ApiProblem(400, '`If-Match` is malformed.'), ApiProblems(412)]) {
        document(controller, method, route);
      }
    },
  ],
);

const ifMatchHeader = ApiHeader({
  name: 'If-Match',
  required: false,
  description:
    'Entity tags of the versions to change; another one is not changed (412). Weak tags never match.',
  schema: { type: 'string', examples: ['"3"', '*'] },
});
