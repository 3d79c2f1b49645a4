import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { openDataDir, syncFolder } from '#platform/data-dir';

/** What is left of a restore once the new database is complete: renames, in this order, then what to throw away. */
const swapShape = z.object({
  moves: z.array(z.tuple([z.string(), z.string()])),
  leftovers: z.array(z.string()),
});
export type Swap = z.infer<typeof swapShape>;

const noteOf = (dataDir: string): string => join(dataDir, 'restore.json');

/**
 * Puts a restored database in its place. The plan is written down first: a process that dies between two renames
 * leaves it to the next one, so that there is never half a database, nor none. The folder is locked meanwhile.
 */
export function swap(dataDir: string, plan: Swap): void {
  const note = noteOf(dataDir);
  const draft = `${note}.part`;
  writeFileSync(draft, JSON.stringify(plan, null, 2), { flush: true });
  renameSync(draft, note);
  syncFolder(dataDir);
  finishRestore(dataDir);
}

/** Does what a restore that was interrupted in the very end has left to do. */
export function finishRestore(dataDir: string): void {
  const note = noteOf(dataDir);
  if (!existsSync(note)) return;
  const { moves, leftovers } = swapShape.parse(JSON.parse(readFileSync(note, 'utf8')));
  for (const [from, to] of moves) {
    // What is there was moved before an interruption; its old place may be taken by the next one already.
    if (existsSync(to) || !existsSync(from)) continue;
    openDataDir(dirname(to));
    renameSync(from, to);
  }
  for (const folder of new Set(moves.flat().map(dirname))) if (existsSync(folder)) syncFolder(folder);
  rmSync(note);
  syncFolder(dataDir);
  for (const left of leftovers) rmSync(left, { recursive: true, force: true });
}
