import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractConfiguration from 'dependency-cruiser/config-utl/extract-depcruise-config';
import { describe, expect, it } from 'vitest';
import { allowed, dependencies } from './imports.allowed.ts';
import { planted } from './imports.planted.ts';
import { plant, root } from './planted-tree.ts';

const { forbidden = [], options } = await extractConfiguration(join(root, '.dependency-cruiser.mjs'));

async function look(tree: string): Promise<ICruiseResult> {
  const places = readdirSync(tree).filter((name) => /^(apps|libs|test|tools)$|\.config\.ts$/.test(name));
  const { enhancedResolveOptions, ...cruiseOptions } = { ...options };
  const { output } = await cruise(
    places,
    { ...cruiseOptions, baseDir: tree, validate: true, ruleSet: { forbidden } },
    enhancedResolveOptions,
  );
  return output as ICruiseResult;
}

const violationsIn = ({ summary }: ICruiseResult): string[] =>
  summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).toSorted();

describe('The imports of this repository', () => {
  it('break no rule', async () => {
    const seen = await look(root);
    expect(violationsIn(seen)).toEqual([]);
    expect(seen.modules.filter(({ source }) => source.startsWith('libs/')).length).toBeGreaterThan(50);
  });
});

describe('A rule of imports', () => {
  it('says why it is there', () => {
    expect(forbidden.filter(({ name, comment }) => !name || !comment)).toEqual([]);
  });

  it('is planted a violation, each of them', () => {
    expect(Object.keys(planted).toSorted()).toEqual(forbidden.map(({ name }) => String(name)).toSorted());
  });

  it('lets everything pass that the design allows', async () => {
    const seen = await look(plant(allowed, dependencies));
    expect(violationsIn(seen)).toEqual([]);
    const resolved = seen.modules
      .flatMap((module) => module.dependencies)
      .filter(({ module }) => module.startsWith('#'))
      .map(({ module, resolved }) => `${module} is ${resolved}`);
    expect([...new Set(resolved)].toSorted()).toEqual([
      '#kernel is libs/kernel/src/index.ts',
      '#libs/alerts is libs/alerts/src/index.ts',
      '#libs/identity is libs/identity/src/index.ts',
      '#libs/identity/contracts is libs/identity/src/contracts/index.ts',
      '#platform/http is libs/platform/src/http/index.ts',
    ]);
  });

  it.each(Object.entries(planted))('fires: %s', async (name, violations) => {
    const sources = Object.fromEntries(violations);
    const reports = violations.filter(([, , imported]) => imported);
    expect(violationsIn(await look(plant({ ...allowed, ...sources }, dependencies)))).toEqual(
      reports.map(([path, , imported]) => `${name}: ${path} -> ${imported}`).toSorted(),
    );
  });
});
