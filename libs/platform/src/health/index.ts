export { redisState } from './redis-state.ts';
export { HealthModule } from './health.module.ts';
