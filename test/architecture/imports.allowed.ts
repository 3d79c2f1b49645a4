import type { Sources } from './planted-tree.ts';

/** Stand-ins for npm packages, and where the planted package.json declares them. */
const packages = (...names: string[]): Sources =>
  Object.fromEntries(
    names.flatMap((name) => [
      [`node_modules/${name}/package.json`, `{ "name": "${name}", "version": "1.0.0", "main": "index.js" }`],
      [`node_modules/${name}/index.js`, 'export {};'],
    ]),
  );

export const dependencies = {
  dependencies: { 'big.js': '1', '@nestjs/common': '1', '@nestjs/cqrs': '1', fastify: '1', old: '1' },
  devDependencies: { vitest: '1' },
};

/** A small house in which every import is one that the design allows. */
export const allowed: Sources = {
  ...packages('big.js', '@nestjs/common', '@nestjs/cqrs', 'fastify', 'vitest', 'undeclared'),
  'node_modules/old/package.json':
    '{ "name": "old", "version": "1.0.0", "main": "index.js", "deprecated": "gone" }',
  'node_modules/old/index.js': 'export {};',

  'libs/kernel/src/index.ts': "export { newId } from './ids.ts';",
  'libs/kernel/src/ids.ts': "import { randomBytes } from 'node:crypto';\nexport const newId = randomBytes;",
  'libs/kernel/src/ids.spec.ts': "import 'vitest';\nimport './ids.ts';",
  'libs/platform/src/http/index.ts': "export { problem } from './problem.ts';",
  'libs/platform/src/http/problem.ts':
    "import 'fastify';\nimport '#kernel';\nimport 'node:http';\nexport const problem = 1;",

  'libs/identity/src/index.ts': "export { findUser } from './features/find-user.ts';",
  'libs/identity/src/contracts/index.ts': "export { UserDeleted } from './events.ts';",
  'libs/identity/src/contracts/events.ts':
    "import '@nestjs/cqrs';\nimport '#kernel';\nexport class UserDeleted {}",
  'libs/identity/src/features/find-user.ts': "import '#platform/http';\nexport const findUser = 1;",

  'libs/identity/src/http/dto.ts': "import '@nestjs/common';",
  'libs/identity/src/jobs/job.ts': "import '@nestjs/common';",

  'libs/alerts/src/index.ts': "export { Alerts } from './http/alerts.controller.ts';",
  'libs/alerts/src/contracts/index.ts': "import '#kernel';\nexport class AlertTriggered {}",
  'libs/alerts/src/domain/alert.ts':
    "import 'big.js';\nimport 'node:crypto';\nimport '#kernel';\nimport '../contracts/index.ts';\nexport class Alert {}",
  'libs/alerts/src/domain/alert.spec.ts': "import 'vitest';\nimport './alert.ts';",
  'libs/alerts/src/features/create-alert.ts':
    "import '@nestjs/common';\nimport '#libs/identity/contracts';\nimport '../persistence/alert.repository.ts';",
  'libs/alerts/src/features/create-alert.int.spec.ts':
    "import 'vitest';\nimport './create-alert.ts';\nimport '../../../../test/support/postgres.ts';",
  'libs/alerts/src/persistence/alert.repository.ts': "import '../domain/alert.ts';",
  'libs/alerts/src/http/alerts.controller.ts':
    "import '#platform/http';\nimport '../features/create-alert.ts';\nexport class Alerts {}",

  'apps/api/src/main.ts':
    "import '#libs/alerts';\nimport '#platform/http';\nimport '#kernel';\nimport './api.module.ts';",
  'apps/api/src/api.module.ts': "import '@nestjs/common';\nimport '#libs/identity';",
  'test/support/postgres.ts': "import 'vitest';",
  'test/journeys/alert.spec.ts': "import '../support/postgres.ts';\nimport '#libs/alerts';",
};
