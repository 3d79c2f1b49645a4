/** A message of a client, and what it asks; null where it asks nothing by itself. */
export interface Asked {
  readonly bytes: Buffer;
  /** The statement, and its values where they are apart from it. */
  readonly question: string | null;
}

/** Reads what one client says to Postgres (protocol 3): a statement is asked when it is bound or sent as it is. */
export function askedOfPostgres(): (chunk: Buffer) => Generator<Asked> {
  const prepared = new Map<string, string>();
  let unread = Buffer.alloc(0);
  // The first message of a connection has no type.
  let typeBytes = 0;

  const questionOf = (message: Buffer): string | null => {
    if (typeBytes === 0) return null;
    const type = message.toString('latin1', 0, 1);
    const [first = '', second = '', ...values] = message.toString('latin1', 5).split('\0');
    if (type === 'P') prepared.set(first, second);
    if (type === 'B') return `${prepared.get(second) ?? ''}\n${values.join(' ')}`;
    return type === 'Q' ? first : null;
  };

  return function* read(chunk) {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= typeBytes + 4) {
      const length = typeBytes + unread.readInt32BE(typeBytes);
      if (unread.length < length) return;
      const bytes = unread.subarray(0, length);
      unread = unread.subarray(length);
      yield { bytes, question: questionOf(bytes) };
      typeBytes = 1;
    }
  };
}
