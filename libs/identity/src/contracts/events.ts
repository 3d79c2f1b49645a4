import { DomainEvent } from '#kernel';

/** The demo account exists now; others may put something into it that is worth looking at. */
export class DemoAccountSeeded extends DomainEvent<{ readonly userId: string }> {
  static override readonly type = 'identity.demo-account-seeded.v1';
}

/** What the mail of {@link AccountMailRequested} is sealed for. */
export const accountMailPurpose = 'identity.account-mail';

/** Somebody is owed a mail about an account, e.g. one that confirms an address. */
export class AccountMailRequested extends DomainEvent<{
  /** Identifies the mail; its delivery gets this id. */
  readonly mailId: string;
  /** Whose account it is about, whose deletion stops it; null where there is no account yet, or none any more. */
  readonly userId: string | null;
  readonly to: string;
  /** The JSON of subject, text and html, sealed for {@link accountMailPurpose}: it may hold a token. */
  readonly sealed: string;
}> {
  static override readonly type = 'identity.account-mail-requested.v1';
}
