import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.ts';

/** Debian's, of version 12: together they build images and run compose files without a Docker engine. */
const packages = [
  'podman',
  'buildah',
  'runc',
  'conmon',
  'netavark',
  'aardvark-dns',
  'iptables',
  'iproute2',
  'mmdebstrap',
  'docker-compose',
];

/** No systemd, no cgroup of a session, and Debian's crun fails. */
const settings = (folder: string): string => `
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
cgroups = "enabled"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "${folder}/networks"
`;

/** Podman's folders, all of them in one that is removed at the end. */
export class Podman {
  static async create(): Promise<Podman> {
    const missing: string[] = [];
    for (const name of packages) {
      const status = await run(['dpkg-query', '--show', '--showformat=${Status}', name]).catch(() => '');
      if (status !== 'install ok installed') missing.push(name);
    }
    if (missing.length > 0) {
      throw new Error(
        `This needs a Docker engine, or root and Debian's packages:\n  apt-get install --no-install-recommends ${missing.join(' ')}`,
      );
    }
    if (process.getuid?.() !== 0) throw new Error('Without a Docker engine, this has to be run by root.');
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-image-'));
    for (const name of ['tmp', 'context']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'containers.conf'), settings(folder));
    return new Podman(folder);
  }

  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  get env(): NodeJS.ProcessEnv {
    return {
      CONTAINERS_CONF: join(this.folder, 'containers.conf'),
      TMPDIR: join(this.folder, 'tmp'),
      DOCKER_HOST: `unix://${join(this.folder, 'socket')}`,
    };
  }

  get flags(): string[] {
    return ['--root', join(this.folder, 'storage'), '--runroot', join(this.folder, 'run')];
  }

  /** Builds an image for a tag that nothing is pulled for. */
  async build(tag: string, dockerfile: string, context: string): Promise<void> {
    const options = ['--isolation', 'chroot', '--pull-never', '--format', 'docker', '--quiet'];
    await run(
      alone(['buildah', ...this.flags, 'bud', ...options, '--tag', tag, '--file', dockerfile, context]),
      { env: this.env },
    );
  }

  async remove(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    // Empty ones; those of containers that run for somebody else refuse.
    const cgroups = ['/sys/fs/cgroup', '-depth', '-path', '*/libpod_parent*', '-type', 'd'];
    await run(['find', ...cgroups, '-exec', 'rmdir', '{}', '+']).catch(() => undefined);
  }
}

/**
 * A command among processes and mounts of its own, and with `--net` with no network but its own: whatever containers,
 * mounts and packet filters come of it end with it, however it ends.
 */
export function alone(command: readonly string[], ...options: string[]): string[] {
  const prepare =
    'for at in /run /var/lib/containers; do mkdir -p $at && mount -t tmpfs none $at; done; ip link set lo up; exec "$0" "$@"';
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', ...options];
  return ['unshare', ...namespaces, 'sh', '-c', prepare, ...command];
}
