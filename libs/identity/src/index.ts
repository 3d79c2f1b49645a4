export { Register } from './features/register.ts';
export { IdentityHttpModule, IdentityModule, identityPersistence } from './identity.module.ts';
