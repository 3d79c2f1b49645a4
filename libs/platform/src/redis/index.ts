export { Redis, type RedisClient } from './redis.ts';
export { RedisModule } from './redis.module.ts';
