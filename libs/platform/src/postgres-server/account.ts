import { spawnSync } from 'node:child_process';

/** The account that Postgres runs as where we are root: it refuses to be. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** An account without privileges that has a name, because initdb looks its name up. Nothing is created. */
export function unprivilegedAccount(): Account {
  for (const name of ['postgres', 'nobody', 'daemon']) {
    const [uid, gid] = ['-u', '-g'].map((option) => {
      const { status, stdout } = spawnSync('id', [option, name], { encoding: 'utf8' });
      return status === 0 ? Number(stdout) : 0;
    });
    if (uid && gid) return { name, uid, gid };
  }
  throw new Error(
    'Postgres refuses to run as root, and there is no user postgres, nobody or daemon to run it.',
  );
}

/** Whether the account may enter a folder, through every folder above it. */
export function canEnter(account: Account, folder: string): boolean {
  const { uid, gid } = account;
  return spawnSync('test', ['-x', folder], { uid, gid, cwd: '/' }).status === 0;
}
