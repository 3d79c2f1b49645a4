import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Podman } from './podman.ts';
import { run } from './run.ts';

const project = 'tocsin-image-test';

/** What `inspect` tells of a container, as far as it is looked at. */
export interface Container {
  readonly Name: string;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
}

/** A Docker engine, or podman behaving like one: the compose file's project on it. */
export class Engine {
  private readonly cli: readonly string[];
  private readonly composer: readonly string[];

  private constructor(cli: readonly string[], composer: readonly string[]) {
    this.cli = cli;
    this.composer = composer;
  }

  static docker(): Engine {
    return new Engine(['docker'], ['docker', 'compose']);
  }

  /** Starts podman's service, and its health checks, which wait for systemd otherwise. */
  static async podman(folder: string): Promise<Engine> {
    const { flags } = new Podman(folder);
    const engine = new Engine(['podman', ...flags], ['docker-compose']);
    const socket = join(folder, 'socket');
    spawn('podman', [...flags, 'system', 'service', '--time', '0', `unix://${socket}`], {
      stdio: 'ignore',
    }).unref();
    while (!existsSync(socket)) await delay(50);
    void engine.checkHealth();
    return engine;
  }

  /** `docker compose`, with nothing of an .env file that happens to lie here. */
  compose(...parameters: string[]): Promise<string> {
    return run(
      [...this.composer, '--env-file', 'test/image/nothing.env', '--project-name', project, ...parameters],
      {
        timeoutMs: 600_000,
      },
    );
  }

  /** The containers of a service, also those that have ended. */
  async containers(service: string): Promise<Container[]> {
    const ids = await this.ids(`label=com.docker.compose.service=${service}`);
    return JSON.parse(await run([...this.cli, 'inspect', ...ids])) as Container[];
  }

  /** Bytes of an image with all its layers. */
  async imageSize(tag: string): Promise<number> {
    return Number(await run([...this.cli, 'image', 'inspect', '--format', '{{.Size}}', tag]));
  }

  private async ids(filter: string): Promise<string[]> {
    const filters = ['--filter', `label=com.docker.compose.project=${project}`, '--filter', filter];
    return (await run([...this.cli, 'ps', '--all', '--quiet', ...filters])).split('\n').filter(Boolean);
  }

  private async checkHealth(): Promise<never> {
    for (;;) {
      for (const id of await this.ids('status=running')) {
        // Unhealthy, without a health check, or gone meanwhile: the container's state tells.
        await run([...this.cli, 'healthcheck', 'run', id]).catch(() => undefined);
      }
      await delay(1_000);
    }
  }
}
