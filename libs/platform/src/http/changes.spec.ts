import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { changesOf } from './changes.ts';

describe('changes', () => {
  const changes = changesOf({ subject: z.string().min(1), note: z.string().nullable() });
  const places = (body: unknown) =>
    changes.safeParse(body).error?.issues.map(({ path, code }) => `${code} /${path.join('/')}`);

  it('name any of the properties, and nothing that is not named', () => {
    expect(changes.parse({ note: null })).toStrictEqual({ note: null });
    expect(changes.parse({ subject: 'a', note: 'b' })).toStrictEqual({ subject: 'a', note: 'b' });
  });

  it('name at least one', () => {
    expect(places({})).toEqual(['custom /']);
  });

  it('have one fault where they have another', () => {
    expect(places({ colour: 'red' })).toEqual(['unrecognized_keys /']);
    expect(places({ subject: '' })).toEqual(['too_small /subject']);
    expect(places('subject')).toEqual(['invalid_type /']);
  });
});
