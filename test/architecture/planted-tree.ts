import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** The checkout that these tests look at. */
export const root = join(import.meta.dirname, '../..');

/** Sources by their path from the root of a tree. */
export type Sources = Readonly<Record<string, string>>;

/**
 * Writes a small tree with this repository's aliases to a temporary folder, which the running test removes.
 * A check that reads source cannot be trusted before it was seen to fire, and the real tree must stay clean.
 */
export function plant(sources: Sources, manifest: object = {}): string {
  const { type, imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  const tree = realpathSync(mkdtempSync(join(tmpdir(), 'tocsin-planted-')));
  onTestFinished(() => rmSync(tree, { recursive: true, force: true }));
  const files = {
    'package.json': JSON.stringify({ name: 'planted', type, imports, ...manifest }),
    ...sources,
  };
  for (const [path, source] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), source);
  }
  return tree;
}
