export {
  accountMailPurpose,
  AccountMailRequested,
  AddressChangeRequested,
  AddressConfirmed,
  askedAddressPurpose,
  ConfirmationRequested,
  DemoAccountSeeded,
  PasswordResetRequested,
  RegistrationRequested,
  UserDeleted,
} from './events.ts';
export { type Contact, FindContacts } from './find-contacts.ts';
export { HoldAccounts, sessionEnded } from './hold-accounts.ts';
