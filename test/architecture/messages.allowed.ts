import type { Sources } from './planted-tree.ts';

/** The source of an event class, a reaction and a module; each is put into a file with others or alone. */
export const event = (name: string, type: string, more = ''): string =>
  `import { DomainEvent } from '#kernel';
  export class ${name} extends DomainEvent { static override readonly type = '${type}'; ${more} }\n`;

export const reaction = (name: string, context: string, message: string): string =>
  `import { ReactsTo } from '#platform/messaging';
  import { ${message} } from '#libs/${context}/contracts';
  @ReactsTo(${message}) export class ${name} {}\n`;

export const module = (name: string, ...providers: readonly [name: string, path: string][]): string =>
  `import { Module } from '@nestjs/common';
  ${providers.map(([provider, path]) => `import { ${provider} } from '${path}';`).join('\n')}
  @Module({ providers: [${providers.map(([provider]) => provider).join(', ')}] }) export class ${name} {}\n`;

/** A small house in which every message is defined, handled and provided as the design says. */
export const allowed: Sources = {
  'libs/kernel/src/index.ts': 'export abstract class DomainEvent { static readonly type: string; }',

  'libs/identity/src/contracts/index.ts':
    "export { UserDeleted, UserRenamed } from './events.ts';\nexport * from './queries.ts';",
  'libs/identity/src/contracts/events.ts':
    event('UserDeleted', 'identity.user-deleted.v1') +
    event(
      'UserRenamed',
      'identity.user-renamed.v1',
      "static readonly unconsumed = 'Kept for the audit log.';",
    ),
  'libs/identity/src/contracts/queries.ts':
    "import { Query } from '@nestjs/cqrs';\nexport class FindUser extends Query<string> {}",
  'libs/identity/src/features/find-user.ts':
    "import { QueryHandler } from '@nestjs/cqrs';\nimport { FindUser } from '../contracts/index.ts';\n" +
    '@QueryHandler(FindUser) export class FindUserHandler {}',
  'libs/identity/src/features/delete-user.ts':
    "import { UserDeleted } from '../contracts/index.ts';\nexport const deleted = () => new UserDeleted();",
  'libs/identity/src/identity.module.ts':
    "import { FindUserHandler } from './features/find-user.ts';\nconst handlers = [FindUserHandler];\n" +
    'const providers = [...handlers];\nexport const identity = () => ({ module: class {}, providers });',

  'libs/alerts/src/contracts/index.ts':
    "import { Command } from '@nestjs/cqrs';\nexport class CreateAlert extends Command<string> {}",
  'libs/alerts/src/features/create-alert.ts':
    "import { CommandHandler } from '@nestjs/cqrs';\nimport { CreateAlert } from '../contracts/index.ts';\n" +
    '@CommandHandler(CreateAlert) export class CreateAlertHandler {}\nexport const again = () => new CreateAlert();',
  'libs/alerts/src/features/on-user-deleted.ts':
    reaction('OnUserDeleted', 'identity', 'UserDeleted') +
    "import { CreateAlert } from '#libs/alerts/contracts';\nexport const send = () => new CreateAlert();",
  'libs/alerts/src/alerts.module.ts': module(
    'AlertsModule',
    ['CreateAlertHandler', './features/create-alert.ts'],
    ['OnUserDeleted', './features/on-user-deleted.ts'],
  ),

  'libs/delivery/src/contracts/index.ts': 'export {};',
  'libs/delivery/src/features/on-user-deleted.ts':
    reaction('StopOnUserDeleted', 'identity', 'UserDeleted') +
    "import { CreateAlert } from '#libs/alerts/contracts';\nexport const send = () => new CreateAlert();",
  'libs/delivery/src/delivery.module.ts': module('DeliveryModule', [
    'StopOnUserDeleted as Stop',
    './features/on-user-deleted.ts',
  ]).replace('[StopOnUserDeleted as Stop]', '[{ provide: Object, useClass: Stop }]'),
  'apps/api/src/main.ts':
    "import { CreateAlert } from '#libs/alerts/contracts';\nexport const seed = () => new CreateAlert();",
};
