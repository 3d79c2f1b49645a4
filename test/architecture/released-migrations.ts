import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Script } from './migrations.ts';

/** By release, the migrations that came with it, by their checksum. */
export type Released = Readonly<Record<string, Readonly<Record<string, string>>>>;

export const releasedFile = join(import.meta.dirname, 'released-migrations.json');

/** `release-migrations.ts` adds to it when a release is made; nothing else changes it. */
export const released = JSON.parse(readFileSync(releasedFile, 'utf8')) as Released;

export const checksum = ({ script }: Script): string =>
  createHash('sha256').update(script).digest('hex').slice(0, 16);

/** A sentence for each released migration that is not what it was: databases have run it as it was. */
export function unkept(releases: Released, migrations: readonly Script[]): string[] {
  return Object.entries(releases).flatMap(([release, checksums]) =>
    Object.entries(checksums).flatMap(([name, then]) => {
      const now = migrations.find((migration) => migration.name === name);
      const was = `Migration ${name} was released with ${release} and`;
      if (!now) return [`${was} is missing: restore it.`];
      if (checksum(now) === then) return [];
      return [`${was} has been changed: restore it, and write another one after it.`];
    }),
  );
}
