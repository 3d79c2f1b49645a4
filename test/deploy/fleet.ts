import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { assertTellsNoSecret } from '../support/told-secrets.ts';
import { LoadBalancer } from './load-balancer.ts';
import { thisVersion, type Version } from './version.ts';

/** One process of a version. */
export interface Running {
  readonly version: Version;
  readonly child: ChildProcess;
  /** Of an api. */
  readonly url: string;
  output: string;
}

/** Apis behind a load balancer, and workers, of several versions on the same services. */
export class Fleet {
  readonly apis: Running[] = [];
  readonly workers: Running[] = [];

  private constructor(
    private readonly variables: Record<string, string>,
    readonly balancer: LoadBalancer,
  ) {}

  static async on(variables: Record<string, string>): Promise<Fleet> {
    return new Fleet(variables, await LoadBalancer.start());
  }

  /** `npm run db:migrate` of that version. */
  async migrate(version: Version): Promise<void> {
    const migration = this.spawn(version, 'api/src/migrate.js');
    const [code] = await once(migration.child, 'close');
    if (code !== 0) throw new Error(`The migration failed:\n${migration.output}`);
  }

  /** Resolves once it gets its share of the requests. */
  async startApi(version: Version): Promise<void> {
    const [port = 0] = await freePorts(1);
    const api = this.spawn(version, 'api/src/main.js', { PORT: String(port) }, `http://127.0.0.1:${port}`);
    this.apis.push(api);
    await explained(api, () => this.balancer.add(api.url));
  }

  /** Resolves once it compares trades with alerts. */
  async startWorker(version: Version): Promise<void> {
    const worker = this.spawn(version, 'worker/src/main.js');
    this.workers.push(worker);
    const watches = () => expect(worker.output).toContain('Watching ');
    await explained(worker, () => vi.waitFor(watches, { timeout: 60_000 }));
  }

  /** Ends the oldest api of a version. */
  async stopApi(version: Version): Promise<void> {
    const api = takeOldest(this.apis, version);
    // What answers to the end is left to the load balancer, which sees that it is not ready any more.
    if (!version.drains) await this.balancer.remove(api.url);
    await ended(api);
    if (version.drains) await this.balancer.remove(api.url);
  }

  /** Ends the oldest worker of a version. */
  async stopWorker(version: Version): Promise<void> {
    await ended(takeOldest(this.workers, version));
  }

  /** Ends everything, which each process must do in order. */
  async stop(): Promise<void> {
    await Promise.all([...this.apis.splice(0), ...this.workers.splice(0)].map(ended));
  }

  /** Whatever became of it. */
  async kill(): Promise<void> {
    for (const { child } of [...this.apis, ...this.workers]) child.kill('SIGKILL');
    await this.balancer.close();
  }

  private spawn(version: Version, file: string, variables = {}, url = ''): Running {
    const { PATH, HOME } = process.env;
    const child = spawn(process.execPath, [join(version.root, 'dist/apps', file)], {
      cwd: version.root,
      env: { PATH, HOME, ...this.variables, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const running: Running = { version, child, url, output: '' };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => (running.output += data.toString()));
    }
    return running;
  }
}

function takeOldest(all: Running[], version: Version): Running {
  const at = all.findIndex((running) => running.version === version);
  const [oldest] = all.splice(at, at < 0 ? 0 : 1);
  if (!oldest) throw new Error(`Nothing of ${version.name} runs.`);
  return oldest;
}

/** Tells it to end, which it must do by itself and in order, and ours without having told a secret. */
async function ended(running: Running): Promise<void> {
  const { version, child } = running;
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'close');
    child.kill('SIGTERM');
    const patience = setTimeout(() => child.kill('SIGKILL'), 60_000);
    await gone;
    clearTimeout(patience);
  }
  if (child.exitCode !== 0) throw new Error(`A process of ${version.name} ended badly:\n${running.output}`);
  // What an older one tells cannot be helped any more.
  if (version.root === thisVersion().root) assertTellsNoSecret(running.output);
}

async function explained(running: Running, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(`${running.version.name} does not begin:\n${running.output}`, { cause: error });
  }
}
