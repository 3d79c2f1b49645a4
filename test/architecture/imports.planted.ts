/** A file added to the allowed house, and the import of it that is to be reported. */
type Violation = readonly [path: string, source: string, imported?: string];

/** By the name of the rule: what it has to report, while no other rule reports anything. */
export const planted: Readonly<Record<string, readonly Violation[]>> = {
  'kernel-imports-nothing': [
    ['libs/kernel/src/a.ts', "import '@nestjs/common';", 'node_modules/@nestjs/common/index.js'],
    ['libs/kernel/src/b.ts', "import 'node:fs';", 'fs'],
    ['libs/kernel/src/c.ts', "import '#platform/http';", 'libs/platform/src/http/index.ts'],
  ],
  'platform-knows-no-business': [
    ['libs/platform/src/http/a.ts', "import '#libs/alerts/contracts';", 'libs/alerts/src/contracts/index.ts'],
    [
      'libs/platform/src/http/b.ts',
      "import type { newId } from '../../../kernel/src/ids.ts';",
      'libs/kernel/src/ids.ts',
    ],
  ],
  'kernel-and-platform-by-their-doors': [
    [
      'libs/alerts/src/features/a.ts',
      "import '../../../platform/src/http/problem.ts';",
      'libs/platform/src/http/problem.ts',
    ],
    ['libs/alerts/src/engine/b.ts', "import '../../../kernel/src/ids.ts';", 'libs/kernel/src/ids.ts'],
  ],
  'apps-import-doors': [
    [
      'apps/api/src/a.ts',
      "import '../../../libs/alerts/src/domain/alert.ts';",
      'libs/alerts/src/domain/alert.ts',
    ],
    ['apps/api/src/b.ts', "import '#libs/alerts/contracts';", 'libs/alerts/src/contracts/index.ts'],
    ['apps/worker/src/c.ts', "import '../../api/src/api.module.ts';", 'apps/api/src/api.module.ts'],
  ],
  'contexts-meet-at-contracts': [
    ['libs/alerts/src/features/a.ts', "import '#libs/identity';", 'libs/identity/src/index.ts'],
    [
      'libs/alerts/src/alerts.module.ts',
      "import '../../identity/src/http/dto.ts';",
      'libs/identity/src/http/dto.ts',
    ],
    [
      'libs/alerts/src/http/c.ts',
      "import type { UserDeleted } from '../../../identity/src/contracts/events.ts';",
      'libs/identity/src/contracts/events.ts',
    ],
  ],
  'contracts-import-the-kernel-only': [
    ['libs/alerts/src/contracts/a.ts', "import '@nestjs/common';", 'node_modules/@nestjs/common/index.js'],
    ['libs/alerts/src/contracts/b.ts', "import '#platform/http';", 'libs/platform/src/http/index.ts'],
    [
      'libs/alerts/src/contracts/c.ts',
      "import '#libs/identity/contracts';",
      'libs/identity/src/contracts/index.ts',
    ],
    [
      'libs/alerts/src/contracts/d.ts',
      "import type { Alert } from '../domain/alert.ts';",
      'libs/alerts/src/domain/alert.ts',
    ],
  ],
  'domain-imports-domain-contracts-and-kernel': [
    [
      'libs/identity/src/domain/a.ts',
      "import '../features/find-user.ts';",
      'libs/identity/src/features/find-user.ts',
    ],
    ['libs/identity/src/domain/b.ts', "import '#platform/http';", 'libs/platform/src/http/index.ts'],
    [
      'libs/alerts/src/domain/c.ts',
      "import '#libs/identity/contracts';",
      'libs/identity/src/contracts/index.ts',
    ],
  ],
  'domain-without-npm': [
    [
      'libs/alerts/src/domain/a.ts',
      "import type { Injectable } from '@nestjs/common';",
      'node_modules/@nestjs/common/index.js',
    ],
  ],
  'domain-without-io': [
    ['libs/alerts/src/domain/a.ts', "import 'node:fs/promises';", 'fs/promises'],
    ['libs/alerts/src/domain/b.ts', "export const net = process.getBuiltinModule('node:net');", 'net'],
  ],
  'features-and-persistence-know-no-transport': [
    ['libs/identity/src/features/a.ts', "import '../http/dto.ts';", 'libs/identity/src/http/dto.ts'],
    ['libs/identity/src/persistence/b.ts', "import '../jobs/job.ts';", 'libs/identity/src/jobs/job.ts'],
    [
      'libs/identity/src/features/c.ts',
      "import type { FastifyRequest } from 'fastify';",
      'node_modules/fastify/index.js',
    ],
  ],
  'libs-never-import-apps': [
    [
      'libs/alerts/src/features/a.ts',
      "import '../../../../apps/api/src/api.module.ts';",
      'apps/api/src/api.module.ts',
    ],
  ],
  'only-tests-import-tests': [
    [
      'libs/alerts/src/features/a.ts',
      "import '../../../../test/support/postgres.ts';",
      'test/support/postgres.ts',
    ],
    ['apps/api/src/b.ts', "import '../../../test/support/postgres.ts';", 'test/support/postgres.ts'],
  ],
  'nobody-imports-a-spec': [
    [
      'libs/alerts/src/features/a.spec.ts',
      "import '../domain/alert.spec.ts';",
      'libs/alerts/src/domain/alert.spec.ts',
    ],
  ],
  // One report for each cycle, not for each file of it.
  'no-cycle': [
    [
      'libs/alerts/src/engine/a.ts',
      "import type { B } from './b.ts';\nexport type A = B;",
      'libs/alerts/src/engine/b.ts',
    ],
    ['libs/alerts/src/engine/b.ts', "import { c } from './c.ts';\nexport type B = typeof c;"],
    ['libs/alerts/src/engine/c.ts', "import type { A } from './a.ts';\nexport const c = {} as A;"],
    [
      'libs/identity/src/features/find-user.ts',
      "import '#libs/identity';\nexport const findUser = 1;",
      'libs/identity/src/index.ts',
    ],
  ],
  'no-orphan': [
    ['libs/alerts/src/features/a.ts', 'export const forgotten = 1;', 'libs/alerts/src/features/a.ts'],
  ],
  'no-unresolvable': [
    ['libs/alerts/src/features/a.ts', "import '#libs/nowhere/contracts';", '#libs/nowhere/contracts'],
    ['libs/alerts/src/features/b.ts', "import './nothing.ts';", './nothing.ts'],
    ['test/support/c.ts', "import '#nothing';", '#nothing'],
  ],
  'no-undeclared-package': [
    ['libs/alerts/src/features/a.ts', "import 'undeclared';", 'node_modules/undeclared/index.js'],
  ],
  'no-deprecated-package': [['libs/alerts/src/features/a.ts', "import 'old';", 'node_modules/old/index.js']],
  'no-dev-dependency-in-production': [
    [
      'libs/platform/src/http/a.ts',
      "import { vi } from 'vitest';\nexport const now = vi.now;",
      'node_modules/vitest/index.js',
    ],
  ],
};
