import type { Config } from '#platform/config';
import { lockHolder } from '#platform/data-dir';
import { freePorts, PortsTaken, reachable, type WantedPort } from '../ports.ts';
import { type Check, failed, type Finding, ok, warn } from './finding.ts';

/** Whether the ports are free, or ours. */
export const ports = (config: Config, wanted: readonly WantedPort[]): Check => ({
  subject: 'ports',
  look: async () => {
    const answer = await readiness(config);
    if (answer !== undefined) return [answer];
    if (config.embedded && lockHolder(config.dataDir, 'supervisor.lock')?.alive) {
      const text = `Tocsin runs, but no api of it answers on PORT ${config.port}`;
      return [warn(text, 'It listens on another port or does not start: its output tells.')];
    }
    try {
      await freePorts(wanted);
      const names = wanted
        .filter(({ port }) => port !== 0)
        .map(({ variable, port }) => `${variable} ${port}`);
      return [ok(`free: ${names.join(', ')}`)];
    } catch (error) {
      if (!(error instanceof PortsTaken)) throw error;
      return error.lines.map((line) => failed(line, 'Set the variable, or end the other program.'));
    }
  },
});

/** What the api says of itself; undefined when there is none of ours on its port. */
async function readiness({ host, port }: Config): Promise<Finding | undefined> {
  try {
    const url = `http://${reachable(host)}:${port}`;
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
    const { status, code } = (await response.json()) as { status?: unknown; code?: unknown };
    if (status === 'ok') return ok(`the api answers on PORT ${port} and is ready`);
    if (response.status !== 503 || typeof code !== 'string') return undefined;
    return warn(`the api answers on PORT ${port} and is not ready (${code})`, 'See what else is said here.');
  } catch {
    return undefined;
  }
}
