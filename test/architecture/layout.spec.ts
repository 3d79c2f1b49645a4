import { describe, expect, it } from 'vitest';
import { contextsOf, longest, longFilesIn, missingIn, strangersIn } from './layout.ts';
import { plant, root, type Sources } from './planted-tree.ts';

/** Files that are longer than others may be, each with the reason. */
const longer: Readonly<Record<string, string>> = {
  'apps/mailbox/src/page/page.js': 'The script of a page that is served without a build step, as one file.',
  'test/support/smtp-behaviours.ts': 'A table of over a hundred cases.',
};

const allowed: Sources = {
  'libs/kernel/src/index.ts': 'export {};',
  'libs/platform/src/http/index.ts': 'export {};',
  'libs/alerts/README.md': '# Alerts',
  'libs/alerts/src/index.ts': 'export {};',
  'libs/alerts/src/alerts.module.ts': 'export {};',
  'libs/alerts/src/contracts/index.ts': 'export {};',
  'libs/alerts/src/domain/alert.ts': 'export {};\n'.repeat(longest),
};

describe('A context', () => {
  it('is there to be looked at', () => {
    expect(contextsOf(root)).toEqual(expect.arrayContaining(['identity', 'market-data', 'alerts']));
  });

  it('has a page about itself, a door for apps and a door for peers', () => {
    expect(missingIn(root)).toEqual([]);
  });

  it('is laid out in the folders that the import rules go by', () => {
    expect(strangersIn(root)).toEqual([]);
  });

  it.each(['libs/alerts/README.md', 'libs/alerts/src/index.ts', 'libs/alerts/src/contracts/index.ts'])(
    'is found out when its %s is missing or empty',
    (file) => {
      expect(missingIn(plant(allowed))).toEqual([]);
      const { [file]: _, ...without } = allowed;
      expect(missingIn(plant(without))).toEqual([file]);
      expect(missingIn(plant({ ...allowed, [file]: '\n' }))).toEqual([file]);
    },
  );

  it('is found out when it has a folder or a file of its own kind', () => {
    expect(strangersIn(plant(allowed))).toEqual([]);
    const strange = { 'libs/alerts/src/application/a.ts': '', 'libs/alerts/src/helpers.ts': '' };
    expect(strangersIn(plant({ ...allowed, ...strange }))).toEqual([
      'libs/alerts/src/application',
      'libs/alerts/src/helpers.ts',
    ]);
  });
});

describe('A file', () => {
  it(`has at most ${longest} lines, or a reason`, () => {
    expect([...longFilesIn(root).keys()].toSorted()).toEqual(Object.keys(longer).toSorted());
  });

  it('is found out when it is longer', () => {
    const long = {
      'libs/alerts/src/domain/alert.ts': 'export {};\n'.repeat(longest + 1),
      'libs/alerts/src/domain/alert.spec.ts': 'export {};\n'.repeat(longest + 1),
    };
    expect(longFilesIn(plant(allowed))).toEqual(new Map());
    expect(longFilesIn(plant({ ...allowed, ...long }))).toEqual(
      new Map([['libs/alerts/src/domain/alert.ts', longest + 1]]),
    );
  });
});
