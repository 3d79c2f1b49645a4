import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What may stand in a context's `src`. The import rules go by these names: a folder of another name would be
 * outside of most of them.
 */
const parts = 'contracts domain features http persistence engine feeds grpc channels jobs templates'.split(
  ' ',
);

/** Longer than this a file needs a reason. */
export const longest = 200;

/** The contexts of a tree: every library that is neither kernel nor platform. */
export const contextsOf = (tree: string): string[] =>
  readdirSync(join(tree, 'libs')).filter((name) => name !== 'kernel' && name !== 'platform');

/** What each context must have, and lacks. */
export function missingIn(tree: string): string[] {
  return contextsOf(tree)
    .flatMap((context) =>
      ['README.md', 'src/index.ts', 'src/contracts/index.ts'].map((file) => `libs/${context}/${file}`),
    )
    .filter((file) => !existsSync(join(tree, file)) || readFileSync(join(tree, file), 'utf8').trim() === '');
}

/** What stands in a context's `src` and is none of its parts, its index, or a module. */
export function strangersIn(tree: string): string[] {
  return contextsOf(tree).flatMap((context) =>
    readdirSync(join(tree, 'libs', context, 'src'), { withFileTypes: true })
      .filter((entry) =>
        entry.isDirectory()
          ? !parts.includes(entry.name)
          : !/^(index|.+\.module)(\.spec)?\.ts$/.test(entry.name),
      )
      .map(({ name }) => `libs/${context}/src/${name}`),
  );
}

/** The sources that are longer than they should be, with their lines; a spec may list as many cases as it has. */
export function longFilesIn(tree: string): Map<string, number> {
  const files = ['apps', 'libs', 'test', 'tools']
    .filter((folder) => existsSync(join(tree, folder)))
    .flatMap((folder) =>
      readdirSync(join(tree, folder), { recursive: true, encoding: 'utf8' }).map(
        (file) => `${folder}/${file.replaceAll('\\', '/')}`,
      ),
    )
    .filter(
      (file) =>
        /(?<!\.spec)\.(ts|tsx|mts|js|mjs)$/.test(file) && !/node_modules|^test\/support\/client\//.test(file),
    );
  const lengths = files.map(
    (file) => [file, readFileSync(join(tree, file), 'utf8').trimEnd().split('\n').length] as const,
  );
  return new Map(lengths.filter(([, lines]) => lines > longest));
}
