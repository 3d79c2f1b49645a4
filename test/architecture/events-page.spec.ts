import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventsPage } from './events-page.ts';
import { allowed, reaction } from './messages.allowed.ts';
import { plant, root } from './planted-tree.ts';

describe('docs/events.md', () => {
  it('is what the sources say (npm run docs writes it)', () => {
    expect(readFileSync(join(root, 'docs/events.md'), 'utf8')).toBe(eventsPage(root));
  });

  it('names the reactions to an event, and when each runs', () => {
    const page = eventsPage(
      plant({
        ...allowed,
        'libs/delivery/src/features/on-user-deleted.ts': reaction(
          'StopOnUserDeleted',
          'identity',
          'UserDeleted',
        ).replaceAll('ReactsTo', 'ReactsWithin'),
      }),
    );
    expect(page).toContain(
      '| [`UserDeleted`](#userdeleted) | identity | alerts: `OnUserDeleted`, delivery: `StopOnUserDeleted` |',
    );
    expect(page).toContain('- alerts `OnUserDeleted`, relayed: ');
    expect(page).toContain('- delivery `StopOnUserDeleted`, in-transaction: ');
    expect(page).toContain('Stated in [libs/identity/src/features/delete-user.ts]');
  });

  it('repeats the reason why nobody reacts', () => {
    expect(eventsPage(plant(allowed))).toContain('No reaction: Kept for the audit log.');
  });

  it('shows a payload with every type that it names, also from the file beside it', () => {
    const page = eventsPage(
      plant({
        ...allowed,
        'libs/delivery/src/contracts/index.ts':
          "import { DomainEvent } from '#kernel';\nimport type { Address } from './address.ts';\n" +
          '/** It\n * arrived. */\n' +
          'export class Sent extends DomainEvent<{ readonly to: readonly Address[] }> {\n' +
          "  static override readonly type = 'delivery.sent.v1';\n}",
        'libs/delivery/src/contracts/address.ts': 'export interface Address {\n  readonly at: string;\n}',
      }),
    );
    expect(page).toContain('\nIt arrived.\n');
    expect(page).toContain('type Payload = { to: Address[] };\n\ninterface Address {\n  at: string;\n}\n```');
  });
});
