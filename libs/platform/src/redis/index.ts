export { Redis } from './redis.ts';
export { RedisModule } from './redis.module.ts';
