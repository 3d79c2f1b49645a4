import { join } from 'node:path';
import { alone, Podman } from './podman.ts';
import { run } from './run.ts';
import { buildStandIns } from './stand-ins.ts';

/**
 * `npm run test:image`: builds docker/Dockerfile, brings docker-compose.yml up, both as they are, and does with them what
 * an operator would. With a Docker engine where there is one, else with podman and stand-ins for the images it would pull.
 */
const root = join(import.meta.dirname, '../..');
const journey = [process.execPath, join(import.meta.dirname, 'journey.ts')];
const began = performance.now();

try {
  const hasEngine = await run(['docker', 'info']).then(
    () => true,
    () => false,
  );
  await (hasEngine ? withDocker() : withPodman());
  tell('done');
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function withDocker(): Promise<void> {
  // BuildKit keeps what it pulls to itself, and the size of the base is asked for.
  await run(['docker', 'pull', 'node:24-bookworm-slim'], { show: true });
  await run(['docker', 'compose', 'build'], { cwd: root, show: true });
  await run([...journey, 'docker'], { cwd: root, show: true });
}

async function withPodman(): Promise<void> {
  const podman = await Podman.create();
  try {
    await buildStandIns(podman);
    tell('stand-ins for the images of Node, Postgres and Redis are built');
    await podman.build('tocsin:local', 'docker/Dockerfile', root);
    tell('the image is built from the unmodified Dockerfile');
    await run(alone([...journey, podman.folder], '--net'), { cwd: root, show: true, env: podman.env });
  } finally {
    await podman.remove();
  }
}

function tell(what: string): void {
  process.stdout.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${what}\n`);
}
