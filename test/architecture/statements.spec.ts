import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plant, root } from './planted-tree.ts';

/** Columns that a statement returns without naming them; inside of it, in parentheses, they do no harm. */
const unnamed = /\b(select|returning)\s+([\w"]+\.)?\*(?!\s*\))/i;

const unnamedColumnsIn = (tree: string): string[] =>
  readdirSync(join(tree, 'libs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?<!\.spec)\.ts$/.test(file))
    .filter((file) => unnamed.test(readFileSync(join(tree, 'libs', file), 'utf8')));

describe('A statement', () => {
  it('names the columns that it returns: a prepared one fails when a migration adds another', () => {
    expect(unnamedColumnsIn(root)).toEqual([]);
  });

  it.each(['select * from a', 'select\n  one.* from a as one', 'update a set b = 1 returning *'])(
    'is found out as %j',
    (statement) => {
      const source = (text: string) => ({ 'libs/alerts/src/a.ts': `database.sql\`${text}\`;` });
      expect(unnamedColumnsIn(plant(source('select count(*), b from a')))).toEqual([]);
      expect(
        unnamedColumnsIn(plant(source('with c as (delete from a returning *) select b from c'))),
      ).toEqual([]);
      expect(unnamedColumnsIn(plant(source(statement)))).toEqual(['alerts/src/a.ts']);
    },
  );
});
