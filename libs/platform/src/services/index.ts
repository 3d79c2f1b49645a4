export { ServiceAway } from './unusable.ts';
export { waitForPostgres, waitForServices, waitForTables } from './wait-for-services.ts';
