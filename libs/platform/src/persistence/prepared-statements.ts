import type pg from 'pg';

/** Uses by this process before a statement is prepared: until then it may be one of a start that never comes again. */
const worthwhile = 5;

/** By text: how often it was used, and what it is called once it is prepared. */
const statements = new Map<string, { uses: number; readonly name: string }>();

/**
 * Notes a use of a statement. Those that come again and again are prepared, by each connection for itself: Postgres
 * reads and plans them once instead of every time, which is half of what a short one costs. Only for statements whose
 * texts are in the sources, or each new one would stay in the server's memory, and that name their columns: the shape
 * of a prepared answer may not change when a migration adds one.
 */
export function noteUse(text: string): void {
  const statement = statements.get(text) ?? { uses: 0, name: `tocsin_${statements.size}` };
  statement.uses += 1;
  statements.set(text, statement);
}

/** Has the connections of this pool ask by name for what is prepared. */
export function askByName(pool: pg.Pool): void {
  pool.on('connect', (client) => {
    const ask = client.query.bind(client) as (...question: unknown[]) => unknown;
    const askOne = (...question: unknown[]): unknown => {
      const [text, values] = question;
      const statement = typeof text === 'string' ? statements.get(text) : undefined;
      if (!statement || statement.uses < worthwhile) return ask(...question);
      return ask({ name: statement.name, text, values });
    };
    Object.assign(client, { query: askOne });
  });
}
