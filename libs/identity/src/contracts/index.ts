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
} from './events.ts';
export { type Contact, FindContacts } from './find-contacts.ts';
