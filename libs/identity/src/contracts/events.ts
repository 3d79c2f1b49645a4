import { DomainEvent } from '#kernel';

/** The demo account exists now; others may put something into it that is worth looking at. */
export class DemoAccountSeeded extends DomainEvent<{ readonly userId: string }> {
  static override readonly type = 'identity.demo-account-seeded.v1';
}

/** Somebody asked for an account; the answer was the same whether the address has one. */
export class RegistrationRequested extends DomainEvent<{ readonly registrationId: string }> {
  static override readonly type = 'identity.registration-requested.v1';
}

/** What an address in the events below is sealed for: anybody may have typed it. */
export const askedAddressPurpose = 'identity.asked-address';

/** Somebody wants the mail once more that confirms a registration. */
export class ConfirmationRequested extends DomainEvent<{ readonly sealedEmail: string }> {
  static override readonly type = 'identity.confirmation-requested.v1';
}

/** Somebody says that they forgot the password of this address. */
export class PasswordResetRequested extends DomainEvent<{ readonly sealedEmail: string }> {
  static override readonly type = 'identity.password-reset-requested.v1';
}

/** The account is to have another address, which is kept until its mail confirms it. */
export class AddressChangeRequested extends DomainEvent<{ readonly userId: string }> {
  static override readonly type = 'identity.address-change-requested.v1';
}

/** An address is an account's now: somebody could read what was mailed there, or is trusted in it. */
export class AddressConfirmed extends DomainEvent<{ readonly userId: string; readonly email: string }> {
  static override readonly type = 'identity.address-confirmed.v1';
}

/** Published inside the deleting transaction: nothing of the account is theirs to keep, and nothing may be sent to it. */
export class UserDeleted extends DomainEvent<{ readonly userId: string; readonly email: string }> {
  static override readonly type = 'identity.user-deleted.v1';
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
