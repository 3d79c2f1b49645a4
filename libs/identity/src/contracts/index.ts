export { accountMailPurpose, AccountMailRequested, DemoAccountSeeded } from './events.ts';
export { type Contact, FindContacts } from './find-contacts.ts';
