export type { ContextPersistence } from './context-persistence.ts';
export { connectionOptions, hangUpOnceSilent, silence } from './connections.ts';
export { Database, fragment } from './database.ts';
export { migrate } from './migrate.ts';
export { forRequests, forWork, migrationNames } from './orm-options.ts';
export { PersistenceModule } from './persistence.module.ts';
export { readDatabase } from './read-database.ts';
export { concurrentIndex, sqlMigration } from './sql-migration.ts';
