import type { z } from 'zod';
import { errorCode } from '../data-dir/index.ts';
import {
  type Contents,
  contentsShape,
  fileOfEntry,
  formatVersion,
  type Manifest,
  manifestShape,
  markShape,
  tableOfPart,
} from './archive-format.ts';
import { type ArchiveEntry, readArchive, readSmall } from './archive-reader.ts';
import { DigestOfRows } from './copy.ts';
import { bytesText, Progress } from './progress.ts';

/** An archive that was read to its end and found in order. */
export interface Backup {
  readonly file: string;
  readonly manifest: Manifest;
  readonly contents: Contents;
  /** The files that belong to the database, by name. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/**
 * Reads an archive completely, holding no table in memory. `known` are the migrations of this version.
 * @throws Error of one line: not a backup, damaged, cut off, or of a newer version
 */
export async function readBackup(
  file: string,
  known: readonly string[],
  print: (line: string) => void,
): Promise<Backup> {
  const reading = new Reading(file, known, new Progress(print));
  try {
    for await (const entry of readArchive(file)) await reading.take(entry);
  } catch (error) {
    throw reading.explained(error);
  }
  return reading.done();
}

/** Says what is wrong, where a library's words would not. */
class Unusable extends Error {}

class Reading {
  private manifest: Manifest | undefined;
  private contents: Contents | undefined;
  private readonly files = new Map<string, Buffer>();
  private readonly digests = new Map<string, DigestOfRows>();
  private bytes = 0;

  constructor(
    private readonly file: string,
    private readonly known: readonly string[],
    private readonly progress: Progress,
  ) {}

  async take(entry: ArchiveEntry): Promise<void> {
    const { name } = entry;
    if (!this.manifest) {
      this.manifest = this.accepted(name === 'manifest.json' ? await readSmall(entry) : undefined);
      for (const table of this.manifest.tables) this.digests.set(table.name, new DigestOfRows());
      return;
    }
    const digest = this.digests.get(tableOfPart(name) ?? '');
    const fileName = fileOfEntry(name);
    if (this.contents) throw this.damaged();
    if (digest) await this.hash(entry, digest);
    else if (fileName !== undefined) this.files.set(fileName, await readSmall(entry));
    else if (name === 'contents.json') this.contents = this.parsed(await readSmall(entry), contentsShape);
    else throw this.damaged();
  }

  done(): Backup {
    const { file, manifest, contents, files } = this;
    if (!manifest) throw this.foreign();
    if (!contents) throw this.cutOff();
    for (const [name, digest] of this.digests) {
      if (JSON.stringify(digest.done()) !== JSON.stringify(contents.tables[name])) throw this.damaged();
    }
    return { file, manifest, contents, files };
  }

  explained(error: unknown): Error {
    if (error instanceof Unusable) return error;
    const code = errorCode(error);
    if (code === 'ENOENT') return new Unusable(`${this.file}: there is no such file.`);
    if (code && ['EACCES', 'EISDIR', 'EPERM'].includes(code)) {
      return new Unusable(`${this.file} cannot be read (${code}).`);
    }
    if (!this.manifest) return this.foreign();
    return code === 'Z_BUF_ERROR' || String(error).includes('Unexpected end')
      ? this.cutOff()
      : this.damaged();
  }

  private async hash(entry: ArchiveEntry, digest: DigestOfRows): Promise<void> {
    for await (const chunk of entry.content) {
      digest.add(chunk);
      this.bytes += chunk.length;
      this.progress.at(() => `Checked ${bytesText(this.bytes)}`);
    }
  }

  private accepted(content: Buffer | undefined): Manifest {
    const mark = content && this.parsed(content, markShape, () => this.foreign());
    if (!mark) throw this.foreign();
    if (mark.format > formatVersion) {
      throw this.newer(`its format is ${mark.format}, and this version reads up to ${formatVersion}`);
    }
    const manifest = this.parsed(content, manifestShape);
    const unknown = manifest.migrations.find((name) => !this.known.includes(name));
    if (unknown !== undefined) throw this.newer(`migration ${unknown} is unknown here`);
    return manifest;
  }

  private parsed<T>(content: Buffer, shape: z.ZodType<T>, otherwise = (): Error => this.damaged()): T {
    try {
      return shape.parse(JSON.parse(content.toString()));
    } catch {
      throw otherwise();
    }
  }

  private foreign(): Error {
    return new Unusable(`${this.file} is not a backup made by npm run backup.`);
  }

  private newer(how: string): Error {
    return new Unusable(`${this.file} was made by a newer version of Tocsin (${how}): update first.`);
  }

  private damaged(): Error {
    return new Unusable(`${this.file} is damaged: its content is not what was written into it.`);
  }

  private cutOff(): Error {
    return new Unusable(`${this.file} is cut off: its end is missing.`);
  }
}
