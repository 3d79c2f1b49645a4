export { answerFromCache } from './answer-from-cache.ts';
export { CacheModule } from './cache.module.ts';
export { OwnerCache } from './owner-cache.ts';
export { shapeOf } from './shape-of.ts';
