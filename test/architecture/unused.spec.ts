import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plant, root, type Sources } from './planted-tree.ts';

const used: Sources = {
  'knip.jsonc': readFileSync(join(root, 'knip.jsonc'), 'utf8'),
  'tsconfig.json': JSON.stringify({ compilerOptions: { module: 'nodenext', customConditions: ['source'] } }),
  'apps/api/src/main.ts': "import { alerts } from '#libs/alerts';\nimport 'pg';\nvoid alerts;",
  'libs/alerts/src/index.ts': "export { alerts } from './alerts.ts';",
  'libs/alerts/src/alerts.ts':
    "import type { AlertDeleted } from './contracts/index.ts';\nexport const alerts: AlertDeleted[] = [];",
  'libs/alerts/src/alerts.spec.ts':
    "import { alerts } from './alerts.ts';\nimport { vi } from 'vitest';\nvoid [alerts, vi];",
  'libs/alerts/src/contracts/index.ts': "export type { AlertDeleted } from './events.ts';",
  'libs/alerts/src/contracts/events.ts': 'export interface AlertDeleted {\n  readonly alertId: string;\n}',
  'vitest.config.ts': "export default { test: { include: ['libs/**/*.spec.ts'] } };",
  'node_modules/pg/package.json': '{ "name": "pg", "version": "1.0.0" }',
  'node_modules/vitest/package.json': '{ "name": "vitest", "version": "1.0.0" }',
};

interface Report {
  readonly issues: readonly ({ readonly file: string } & Readonly<Record<string, unknown>>)[];
}

/** Runs knip as `npm run check:unused` does, in a tree with the settings of this repository. */
function unused(sources: Sources, dependencies: Readonly<Record<string, string>> = { pg: '1' }): string[] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/knip/bin/knip.js'), '--reporter=json', '--no-progress', '--no-config-hints'],
    {
      cwd: plant({ ...used, ...sources }, { dependencies, devDependencies: { vitest: '1' } }),
      encoding: 'utf8',
      timeout: 50_000,
    },
  );
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as Report).issues
    .flatMap(({ file, ...kinds }) =>
      Object.entries(kinds).flatMap(([kind, found]) =>
        Array.isArray(found) ? found.map(({ name }: { name: string }) => `${kind}: ${name} in ${file}`) : [],
      ),
    )
    .toSorted();
}

describe('The search for what is unused', () => {
  it('finds nothing where everything is used', () => {
    expect(unused({})).toEqual([]);
  });

  it('finds files, exports, packages and imports of nothing', () => {
    const sources = {
      'libs/alerts/src/alerts.ts': `${used['libs/alerts/src/alerts.ts']}\nexport const forgotten = 1;`,
      'libs/alerts/src/features/old.ts': 'export const old = 1;',
      'apps/api/src/main.ts': `${used['apps/api/src/main.ts']}\nimport 'undeclared';\nimport '#libs/nowhere';`,
    };
    expect(unused(sources, { pg: '1', 'left-pad': '1' })).toEqual([
      'dependencies: left-pad in package.json',
      'exports: forgotten in libs/alerts/src/alerts.ts',
      'files: libs/alerts/src/features/old.ts in libs/alerts/src/features/old.ts',
      'unlisted: undeclared in apps/api/src/main.ts',
      'unresolved: #libs/nowhere in apps/api/src/main.ts',
    ]);
  });
});
