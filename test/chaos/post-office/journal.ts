import { openSync, writeSync } from 'node:fs';
import type { JournalLine } from './messages.ts';

/** Append-only, and written before anybody is told of it. */
export class Journal {
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'a');
  }

  write(line: Omit<JournalLine, 'at'>): void {
    writeSync(this.file, `${JSON.stringify({ at: Date.now(), ...line })}\n`);
  }
}
