import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contexts } from '../../apps/api/src/api.module.ts';
import { allMigrations } from '../../libs/platform/src/persistence/orm-options.ts';
import { findingsIn, rules } from './migration-rules.ts';
import { type Script, stepsOf } from './migrations.ts';
import { allowed, planted } from './migrations.planted.ts';
import { root } from './planted-tree.ts';
import { type Released, released, unkept } from './released-migrations.ts';

const migrations = allMigrations(contexts);
const scripts = (texts: Readonly<Record<string, string>>): Script[] =>
  Object.entries(texts).map(([name, script]) => ({ name, script }));

describe('The migrations of this repository', () => {
  it('are seen by these rules', () => {
    const steps = stepsOf(migrations);
    expect(new Set(steps.map(({ migration }) => migration)).size).toBe(migrations.length);
    expect(steps.map(({ about }) => about)).toContain('an existing table');
  });

  it('leave every older version running', () => {
    expect(findingsIn(stepsOf(migrations), Object.keys(released))).toEqual([]);
  });

  it('are as they were released', () => {
    expect(unkept(released, migrations)).toEqual([]);
  });

  it('are listed for every release that the changelog names', () => {
    const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
    const releases = [...changelog.matchAll(/^## \[(\d+\.\d+\.\d+)\]/gm)].map(([, release]) => release);
    // Otherwise: npm run release:migrations
    expect(Object.keys(released)).toEqual(expect.arrayContaining(releases));
  });
});

describe('A rule of migrations', () => {
  const findings = (texts: Readonly<Record<string, string>>): string[] =>
    findingsIn(stepsOf(scripts(texts)), ['1.0.0', '1.1.0']);

  it('is planted a violation, each of them', () => {
    expect(Object.keys(planted)).toEqual(Object.keys(rules));
  });

  it('lets everything pass that disturbs nobody', () => {
    expect(findings(allowed)).toEqual([]);
  });

  const violations = Object.entries(planted).flatMap(([rule, texts]) => texts.map((text) => [rule, text]));
  it.each(violations)('fires unless a migration %s: %s', (rule = '', text = '') => {
    expect(findings({ ...allowed, '7_planted': text })).toEqual([
      expect.stringMatching(new RegExp(`^${rule}: 7_planted: `)),
    ]);
  });
});

describe('A migration that was released', () => {
  const now = scripts({ '1_tables': 'create table a ()', '2_more': 'create table b ()' });
  const then: Released = { '1.0.0': { '1_tables': 'f905865fc1b7e7d9' } };

  it('may be followed by others', () => {
    expect(unkept(then, now)).toEqual([]);
  });

  it('is found out when it is changed, and when it is missing', () => {
    const changed = scripts({ '1_tables': 'create table a (id integer)' });
    expect(unkept(then, changed)).toEqual([
      'Migration 1_tables was released with 1.0.0 and has been changed: restore it, and write another one after it.',
    ]);
    expect(unkept(then, [])).toEqual([
      'Migration 1_tables was released with 1.0.0 and is missing: restore it.',
    ]);
  });
});
