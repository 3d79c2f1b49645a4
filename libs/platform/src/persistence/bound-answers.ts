import type pg from 'pg';
import { silence } from './connections.ts';

/** SQLSTATE read_only_sql_transaction: a failover has left this connection with the server that lost. */
const readOnly = '25006';

/**
 * Ends a connection of the pool on which a question stays unanswered for so long, and one that has become
 * read-only. The timeout of `pg` itself would leave the question under way, and give the connection to others.
 */
export function boundAnswers(pool: pg.Pool, answerMs: number): void {
  pool.on('connect', (client) => {
    const hangUp = (): void => void client.connection.stream.destroy(silence());
    const ask = client.query.bind(client) as (...question: unknown[]) => unknown;
    const askForSoLong = (...question: unknown[]): unknown => {
      const answer = ask(...question);
      if (answer instanceof Promise) {
        const timer = setTimeout(hangUp, answerMs);
        const answered = (error?: { code?: unknown }): void => {
          clearTimeout(timer);
          if (error?.code === readOnly) hangUp();
        };
        answer.then(() => answered(), answered);
      }
      return answer;
    };
    Object.assign(client, { query: askForSoLong });
  });
}
