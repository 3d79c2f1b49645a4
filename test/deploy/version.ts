import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const git = (...parameters: string[]) =>
  execFileSync('git', parameters, { cwd: root, maxBuffer: 2 ** 30, stdio: ['ignore', 'pipe', 'ignore'] });

/** A version of Tocsin that is built, so that its programs can be started. */
export interface Version {
  readonly name: string;
  readonly root: string;
  /** Whether its api answers for `DRAIN_SECONDS` once it was told to end. */
  readonly drains: boolean;
  /** Whether a POST may be repeated with the same `Idempotency-Key`. */
  readonly repeats: boolean;
}

/** What is in the working tree. */
export const thisVersion = (): Version => versionAt('this version', root);

/** The last release; none before the first one. */
export function lastRelease(): string | undefined {
  try {
    return git('describe', '--tags', '--abbrev=0', '--match', 'v*', 'HEAD^').toString().trim();
  } catch {
    return undefined;
  }
}

/** Puts a commit into a folder of its own under the system's temporary one, where it is kept, and builds it. */
export function checkOut(commit: string): Version {
  const sha = git('rev-parse', '--verify', `${commit}^{commit}`).toString().trim();
  const folder = join(tmpdir(), `tocsin-deploy-${sha}`);
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-x', '-C', folder], { input: git('archive', sha) });
  const lock = (of: string) => readFileSync(join(of, 'package-lock.json'), 'utf8');
  const modules = join(folder, 'node_modules');
  if (!existsSync(modules) && lock(folder) === lock(root)) symlinkSync(join(root, 'node_modules'), modules);
  execFileSync(process.execPath, ['tools/ensure.mjs', 'build'], { cwd: folder, stdio: 'inherit' });
  return versionAt(commit, folder);
}

function versionAt(name: string, folder: string): Version {
  const says = (page: string, word: string) =>
    readFileSync(join(folder, 'docs', page), 'utf8').includes(word);
  return {
    name,
    root: folder,
    drains: says('configuration.md', 'DRAIN_SECONDS'),
    repeats: says('openapi.json', 'Idempotency-Key'),
  };
}
