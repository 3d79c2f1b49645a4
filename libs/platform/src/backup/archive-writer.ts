import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { syncFolder } from '../data-dir/index.ts';

/** A gzipped tar under its name only once it is complete and on the disk. */
export class ArchiveWriter {
  private readonly pack = pack();
  private readonly part: string;
  private readonly written: Promise<void>;

  /** @throws Error when the file exists */
  constructor(
    private readonly file: string,
    signal?: AbortSignal,
  ) {
    this.refuseExisting();
    this.part = `${file}.part`;
    rmSync(this.part, { force: true });
    const output = createWriteStream(this.part, { flags: 'wx', mode: 0o600, flush: true });
    this.written = pipeline(this.pack, createGzip(), output, { signal });
    // Whoever adds or finishes is told.
    this.written.catch(() => undefined);
  }

  /** Resolves when the archive has taken it, so that no more than one entry is held in memory. */
  async add(name: string, content: Buffer | string): Promise<void> {
    const taken = new Promise<void>((resolve, reject) => {
      this.pack.entry({ name, mode: 0o600 }, Buffer.from(content), (error) =>
        error ? reject(error) : resolve(),
      );
    });
    // An error of the disk ends the stream without a word to the entry.
    await Promise.race([taken, this.written]);
  }

  async finish(): Promise<void> {
    this.pack.finalize();
    await this.written;
    this.refuseExisting();
    renameSync(this.part, this.file);
    syncFolder(dirname(this.file));
  }

  /** Leaves nothing. */
  async discard(): Promise<void> {
    this.pack.destroy();
    await this.written.catch(() => undefined);
    rmSync(this.part, { force: true });
  }

  private refuseExisting(): void {
    if (existsSync(this.file)) throw new Error(`${this.file} exists already; nothing is overwritten.`);
  }
}
