import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nameOf, variants } from '../model/variants.ts';
import { root } from './planted-tree.ts';

it('the page of the models tells of every variant, and of what must come of it', () => {
  const page = readFileSync(join(root, 'test/model/README.md'), 'utf8');
  const told = [...page.matchAll(/^\| `((?:delivery|outbox) .*?)` \| (\w+) \|/gm)];
  expect(told.map(([, name, expected]) => `${name}: ${expected}`)).toEqual(
    variants.map((variant) => `${nameOf(variant)}: ${variant.expected}`),
  );
});

it('every name that changes a model is a variant that must fail', () => {
  const models = ['delivery', 'outbox'].map((name) =>
    readFileSync(join(root, `test/model/${name}.pml`), 'utf8'),
  );
  const asked = models.flatMap((model) => [...model.matchAll(/^#(?:if|elif|ifdef|ifndef)\b(.*)/gm)]);
  const names = new Set(asked.flatMap(([, condition = '']) => condition.match(/[A-Z_]{2,}/g) ?? []));
  const sizes = new Set(['ROWS', 'SOURCES', 'WORKERS', 'FAULTS', 'REFUSALS', 'KILLS', 'FAN_OUT', 'LIVENESS']);
  const failing = new Set(
    variants.filter(({ expected }) => expected !== 'holds').flatMap(({ flags }) => flags),
  );
  expect([...names].filter((name) => !sizes.has(name) && !failing.has(name))).toEqual([]);
});
