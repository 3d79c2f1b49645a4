import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plant, root, type Sources } from './planted-tree.ts';

const settings: Sources = {
  '.oxlintrc.json': readFileSync(join(root, '.oxlintrc.json'), 'utf8'),
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      types: [],
    },
  }),
};

const spec = (test: string): string =>
  `import { expect, it } from 'vitest';\n${test}('adds', () => {\n  expect(1 + 1).toBe(2);\n});\n`;

const clean: Sources = {
  'libs/alerts/src/a.ts': 'export const a = 1;',
  'libs/alerts/src/a.spec.ts': spec('it'),
};

/** By the rule that must fire: files that each break this rule and no other. */
const planted: Readonly<Record<string, Sources>> = {
  'typescript(no-floating-promises)': {
    'libs/alerts/src/floating.ts': 'const save = async () => {};\nexport const a = () => {\n  save();\n};',
  },
  'typescript(no-misused-promises)': {
    'libs/alerts/src/misused.ts': 'const held = async () => true;\nexport const a = () => (held() ? 1 : 2);',
  },
  'typescript(no-explicit-any)': {
    'libs/alerts/src/any.ts': 'export const a = (value: any): unknown => value;',
  },
  'typescript(no-unsafe-return)': {
    'libs/alerts/src/spread.ts': 'export const a = (json: string): string[] => JSON.parse(json);',
  },
  'typescript(switch-exhaustiveness-check)': {
    'libs/alerts/src/switch.ts':
      "export const a = (side: 'up' | 'down'): void => {\n  switch (side) {\n    case 'up':\n  }\n};",
  },
  // Of cycles the linter sees the relative ones; those through aliases are for dependency-cruiser's rule.
  'import(no-cycle)': {
    'libs/alerts/src/cycle-a.ts': "import type { B } from './cycle-b.ts';\nexport type A = B[];",
    'libs/alerts/src/cycle-b.ts': "import type { A } from './cycle-a.ts';\nexport type B = { a?: A };",
  },
  'eslint(no-console)': { 'libs/alerts/src/console.ts': "export const a = () => console.log('a');" },
  'unicorn(prefer-node-protocol)': { 'libs/alerts/src/protocol.ts': "export { join } from 'path';" },
  'vitest(no-focused-tests)': { 'libs/alerts/src/focused.spec.ts': spec('it.only') },
  'vitest(no-disabled-tests)': { 'libs/alerts/src/disabled.spec.ts': spec('it.skip') },
  'vitest(expect-expect)': {
    'libs/alerts/src/silent.spec.ts': "import { it } from 'vitest';\nit('adds', () => {\n  String(1);\n});",
  },
};

interface Report {
  readonly diagnostics: readonly { readonly code: string; readonly filename: string }[];
}

/** Runs the linter as `npm run check:lint` does, in a tree with the settings of this repository. */
function lint(sources: Sources): string[] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/oxlint/bin/oxlint'), '--type-aware', '--format=json'],
    {
      cwd: plant({ ...settings, ...sources }),
      encoding: 'utf8',
      timeout: 50_000,
      env: { ...process.env, OXLINT_TSGOLINT_PATH: join(root, 'node_modules/.bin/tsgolint') },
    },
  );
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as Report).diagnostics
    .map(({ code, filename }) => `${code} ${filename}`)
    .toSorted();
}

describe('The linter', () => {
  it('has nothing to say of clean code', () => {
    expect(lint(clean)).toEqual([]);
  });

  it('fires on each planted fault and on nothing else', () => {
    const faults = Object.entries(planted).flatMap(([code, sources]) =>
      Object.keys(sources).map((file) => `${code} ${file}`),
    );
    expect(lint(Object.assign({}, clean, ...Object.values(planted)) as Sources)).toEqual(faults.toSorted());
  });
});
