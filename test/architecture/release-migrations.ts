import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checksum, released, releasedFile } from './released-migrations.ts';

/** `npm run release:migrations`: lists under the version of package.json every migration that no release has yet. */
type Api = typeof import('../../apps/api/src/api.module.ts');
type Persistence = typeof import('../../libs/platform/src/persistence/orm-options.ts');

const root = join(import.meta.dirname, '../..');
// What was built, because Node itself reads no decorators.
const built = (file: string): Promise<unknown> => import(join(root, 'dist', file));
const { contexts } = (await built('apps/api/src/api.module.js')) as Api;
const { allMigrations } = (await built('libs/platform/src/persistence/orm-options.js')) as Persistence;

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const listed = new Set(Object.values(released).flatMap((migrations) => Object.keys(migrations)));
const added = allMigrations(contexts).filter(({ name }) => !listed.has(name));
const entries = Object.fromEntries(added.map((migration) => [migration.name, checksum(migration)]));
const next = { ...released, [version]: { ...released[version], ...entries } };
writeFileSync(releasedFile, `${JSON.stringify(next, null, 2)}\n`);
