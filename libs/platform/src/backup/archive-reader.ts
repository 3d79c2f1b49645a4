import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';

export interface ArchiveEntry {
  readonly name: string;
  readonly bytes: number;
  readonly content: AsyncIterable<Buffer>;
}

/** The entries of a gzipped tar, one at a time. @throws whatever file system, gzip or tar object to */
export async function* readArchive(file: string): AsyncGenerator<ArchiveEntry> {
  const entries = extract();
  const reading = pipeline(createReadStream(file), createGunzip(), entries);
  // Told by the loop, or at its end.
  reading.catch(() => undefined);
  for await (const entry of entries) {
    const { name, size } = entry.header;
    yield { name, bytes: size, content: entry as AsyncIterable<Buffer> };
    // What nobody has read must not stand in the way of the next one.
    entry.resume();
  }
  await reading;
}

/** The content of a small entry. @throws Error when it is larger than any of ours */
export async function readSmall({ name, bytes, content }: ArchiveEntry): Promise<Buffer> {
  if (bytes > 10_000_000) throw new Error(`${name} is too large.`);
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}
