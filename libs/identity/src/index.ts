export { IdentityHttpModule, IdentityModule, identityPersistence } from './identity.module.ts';
