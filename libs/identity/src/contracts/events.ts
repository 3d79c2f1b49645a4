import { DomainEvent } from '#kernel';

/** The demo account exists now; others may put something into it that is worth looking at. */
export class DemoAccountSeeded extends DomainEvent<{ readonly userId: string }> {
  static override readonly type = 'identity.demo-account-seeded.v1';
}
