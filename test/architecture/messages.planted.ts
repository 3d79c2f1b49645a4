import { event, module, reaction } from './messages.allowed.ts';
import type { Sources } from './planted-tree.ts';

interface Violation {
  readonly sources: Sources;
  readonly found: readonly string[];
}

const contracts = 'libs/delivery/src/contracts/index.ts';
const feature = 'libs/delivery/src/features/a.ts';

const unconsumed = "static readonly unconsumed = 'Planted.';";

const handler = (name: string, kind: 'Command' | 'Query', message: string): string =>
  `import { ${kind}, ${kind}Handler } from '@nestjs/cqrs';
  export class ${message} extends ${kind}<void> {}
  @${kind}Handler(${message}) export class ${name} {}\n`;

/** A module beside those that are there already, so that what is planted is provided. */
const provided = (name: string, path: string): Sources => ({
  'libs/delivery/src/planted.module.ts': module('PlantedModule', [name, path]),
});

/** By the rule that must fire, and no other: what is added to the house or changed in it, and what is found. */
export const planted: Readonly<Record<string, Violation>> = {
  'every handler and reaction is provided by a module': {
    sources: {
      'libs/alerts/src/alerts.module.ts': module('AlertsModule'),
      // What only a spec provides is not there when the program runs.
      'libs/alerts/src/alerts.module.spec.ts': module('AlertsModule', [
        'CreateAlertHandler',
        './features/create-alert.ts',
      ]),
    },
    found: [
      'libs/alerts/src/features/create-alert.ts CreateAlertHandler',
      'libs/alerts/src/features/on-user-deleted.ts OnUserDeleted',
    ],
  },
  'every handler and reaction names a message of this repository': {
    sources: {
      [feature]: `import { CommandHandler } from '@nestjs/cqrs';
        class Send {}
        @CommandHandler(Send) export class SendHandler {}`,
      ...provided('SendHandler', './features/a.ts'),
    },
    found: [`${feature} SendHandler`],
  },
  'a command or query has one handler': {
    sources: {
      [contracts]: `import { Query } from '@nestjs/cqrs';\nexport class FindDeliveries extends Query<void> {}`,
      'libs/delivery/src/features/b.ts': handler('CountHandler', 'Query', 'Count'),
      'libs/delivery/src/features/c.ts': `import { QueryHandler } from '@nestjs/cqrs';
        import { Count } from './b.ts';
        @QueryHandler(Count) export class CountHandler {}`,
      'libs/delivery/src/b.module.ts': module('BModule', ['CountHandler', './features/b.ts']),
      'libs/delivery/src/c.module.ts': module('CModule', ['CountHandler', './features/c.ts']),
    },
    found: [`${contracts} FindDeliveries`, 'libs/delivery/src/features/b.ts Count'],
  },
  'a command, query or event is said without a suffix': {
    sources: {
      [feature]: handler('SendCommandHandler', 'Command', 'SendCommand'),
      ...provided('SendCommandHandler', './features/a.ts'),
      [contracts]: event('SentEvent', 'delivery.sent-event.v1', unconsumed),
    },
    found: [`${contracts} SentEvent`, `${feature} SendCommand`],
  },
  'a handler is called after what it handles': {
    sources: { [feature]: handler('Sender', 'Command', 'Send'), ...provided('Sender', './features/a.ts') },
    found: [`${feature} Sender`],
  },
  'the type of an event is <context>.<name-of-the-class>.v<n>': {
    sources: {
      [contracts]:
        event('Sent', 'alerts.sent.v1', unconsumed) +
        event('GivenUp', 'delivery.givenUp.v1', unconsumed) +
        event('Bounced', 'delivery.bounced', unconsumed) +
        event('Opened', 'delivery.clicked.v1', unconsumed) +
        event('ReadV2', 'delivery.read.v1', unconsumed) +
        event('ReadV3', 'delivery.read.v3', unconsumed) +
        `export class Untyped extends DomainEvent { ${unconsumed} }`,
    },
    found: ['Sent', 'GivenUp', 'Bounced', 'Opened', 'ReadV2', 'Untyped'].map(
      (name) => `${contracts} ${name}`,
    ),
  },
  'the type of an event is unique': {
    sources: {
      [contracts]: event('Sent', 'delivery.sent.v1', unconsumed),
      'libs/delivery/src/domain/events.ts': event('Sent', 'delivery.sent.v1', unconsumed),
    },
    found: [`${contracts} Sent`, 'libs/delivery/src/domain/events.ts Sent'],
  },
  'an event has a reaction or says why not': {
    sources: {
      [contracts]:
        event('Sent', 'delivery.sent.v1') +
        event('Bounced', 'delivery.bounced.v1', "static readonly unconsumed = '';"),
    },
    found: [`${contracts} Sent`, `${contracts} Bounced`],
  },
  'an event that has a reaction does not say why not': {
    sources: {
      'libs/identity/src/contracts/events.ts':
        event('UserDeleted', 'identity.user-deleted.v1', unconsumed) +
        event('UserRenamed', 'identity.user-renamed.v1', unconsumed),
    },
    found: ['libs/identity/src/contracts/events.ts UserDeleted'],
  },
  'an event is stated by its own context only': {
    sources: {
      [feature]:
        "import { UserDeleted } from '#libs/identity/contracts';\nexport const a = () => new UserDeleted();",
    },
    found: [`${feature} UserDeleted`],
  },
  'the reactions of a context to an event differ in their names': {
    sources: {
      'libs/alerts/src/features/on-deleted.ts': reaction('OnUserDeleted', 'identity', 'UserDeleted'),
      ...provided('OnUserDeleted', '../../alerts/src/features/on-deleted.ts'),
    },
    found: [
      'libs/alerts/src/features/on-deleted.ts OnUserDeleted',
      'libs/alerts/src/features/on-user-deleted.ts OnUserDeleted',
    ],
  },
  'a reaction lives in an on-….ts file': {
    sources: {
      [feature]: reaction('React', 'identity', 'UserDeleted'),
      ...provided('React', './features/a.ts'),
    },
    found: [`${feature} React`],
  },
  'an on-….ts file holds a reaction': {
    sources: { 'libs/delivery/src/features/on-the-way.ts': 'export const onTheWay = 1;' },
    found: ['libs/delivery/src/features/on-the-way.ts'],
  },
  'a command to another context is sent by a reaction only': {
    sources: {
      [feature]:
        "import { CreateAlert } from '#libs/alerts/contracts';\nexport const a = () => new CreateAlert();",
    },
    found: [`${feature} CreateAlert`],
  },
};
