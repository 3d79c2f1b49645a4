export { CacheModule } from './cache.module.ts';
export { CachedPerOwner } from './cached-per-owner.ts';
export { OwnerCache } from './owner-cache.ts';
