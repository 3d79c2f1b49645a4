import type { Database } from '#platform/persistence';

/** Does something in a transaction that stays open, with its locks, until the test commits it. */
export function openTransaction<T>(database: Database, work: () => Promise<T>) {
  const [done, mayCommit] = [Promise.withResolvers<T>(), Promise.withResolvers<void>()];
  let isDone = false;
  const transaction = database.transaction(async () => {
    done.resolve(await work());
    isDone = true;
    await mayCommit.promise;
  });
  transaction.catch(done.reject);
  const commit = async (): Promise<void> => {
    mayCommit.resolve();
    await transaction;
  };
  return { done: done.promise, isDone: () => isDone, commit };
}
