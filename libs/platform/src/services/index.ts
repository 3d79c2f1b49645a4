export { type PostgresFacts, postgresAt } from './postgres.ts';
export { redisAt } from './redis.ts';
export { expectMayMigrate, type SchemaState, schemaState } from './schema.ts';
export { networkFault, ServiceAway, Unusable } from './unusable.ts';
export { waitForPostgres, waitForServices, waitForTables } from './wait-for-services.ts';
