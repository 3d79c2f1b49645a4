import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { FolderLock } from '../data-dir/index.ts';

const script = `
read -r _
sleep "$5"
[ "$(cat "$3")" = "$4" ] && [ "$(head -n 1 "$2")" = "$1" ] && kill -INT "$1"
`;

/**
 * Sees to it that a server does not outlive its owner for ever: a shell that waits for the end of its input,
 * which comes when this process is gone, however it went. By then the others who need the database have
 * `seconds` to finish; an owner that takes the server over changes the lock, and the guard lets it be.
 * Returns what calls the guard off.
 */
export function guardOrphan(pid: number, cluster: string, lock: FolderLock, seconds: number): () => void {
  const guard = spawn(
    '/bin/sh',
    [
      '-c',
      script,
      'sh',
      String(pid),
      join(cluster, 'postmaster.pid'),
      lock.file,
      lock.content.trim(),
      String(seconds),
    ],
    { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
  );
  // Without a guard everything still works; only a killed owner leaves its server to the next one.
  guard.on('error', () => {});
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return () => void guard.kill('SIGKILL');
}
