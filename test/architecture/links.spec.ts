import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plant, root } from './planted-tree.ts';

/** Links of a tree's pages to files that it does not have. */
function deadLinksIn(tree: string): string[] {
  const pages = globSync('**/*.md', { cwd: tree, exclude: ['node_modules/**', 'dist/**', '.tocsin/**'] });
  return pages.flatMap((page) =>
    [...readFileSync(join(tree, page), 'utf8').matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(tree, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );
}

describe('A page', () => {
  it('leads to files that there are', () => {
    expect(deadLinksIn(root)).toEqual([]);
  });

  it('is found out when it does not', () => {
    const page = '[here](a.ts#top) [there](../b.ts), [elsewhere](https://example.org/c.ts) and [below](#d)';
    expect(deadLinksIn(plant({ 'docs/page.md': page, 'docs/a.ts': '' }))).toEqual(['docs/page.md: ../b.ts']);
  });
});

it('Every decision has its line in the index, and a number of its own', () => {
  const files = readdirSync(join(root, 'docs/decisions')).filter((name) => name !== 'README.md');
  const index = readFileSync(join(root, 'docs/decisions/README.md'), 'utf8');
  const lines = [...index.matchAll(/^\| \[(\d{4})\]\((\1-.*?\.md)\)/gm)].map(([, , file]) => file);
  expect(lines).toEqual(files.toSorted());
  expect(new Set(files.map((name) => name.slice(0, 4))).size).toBe(files.length);
});
