import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Faults that the checker has to find. `release`: what a lost worker held becomes `pending` again, as if nothing had
 * happened. `no-version`: a claim takes a row in whatever version it finds it.
 */
export const plants = ['release', 'no-version'] as const;
export type Plant = (typeof plants)[number];

export const isPlant = (name: string): name is Plant => (plants as readonly string[]).includes(name);

/** What a database is given after its migration. */
export const released = `
  create function chaos.release() returns trigger language plpgsql as $$
  begin
    new.status := 'pending';
    new.tainted := false;
    return new;
  end $$;
  create trigger chaos_release before update on delivery.deliveries for each row
    when (old.status = 'sending' and not old.tainted and new.status = 'retrying' and new.reason = 'worker-lost')
    execute function chaos.release();
`;

const root = fileURLToPath(new URL('../../', import.meta.url));
const claiming = 'libs/delivery/src/features/claim-deliveries.js';
/** It compares twice: the version as it was before the row was locked, and as it is then. */
const compared = [' and wanted.version = delivery.version', ' and free.version = wanted.version'];

/** The built programs, or with `no-version` a copy of them that claims in that way. */
export function builtPrograms(plant: Plant | null, folder: string): string {
  const built = join(root, 'dist');
  if (plant !== 'no-version') return built;
  const copy = join(folder, 'dist');
  cpSync(built, copy, { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const file = join(copy, claiming);
  let code = readFileSync(file, 'utf8');
  for (const text of compared) {
    if (code.split(text).length !== 2)
      throw new Error(`${claiming} claims in another way: change the plant.`);
    code = code.replace(text, '');
  }
  writeFileSync(file, code);
  return copy;
}
