export { majorVersion } from './binaries.ts';
export { hasDatabase, openPostgres, type OpenPostgres, runningOn, runningUrl } from './open-postgres.ts';
export { findPlace, homeOf, noteHome, type Place } from './place.ts';
export { type Postmaster, stopPostmaster } from './postmaster.ts';
export { type PostgresOptions, type PostgresServer, startPostgres } from './start-postgres.ts';
