import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/index.ts';
import { redisState } from '../health/index.ts';
import { Roles } from '../lifecycle/roles.ts';
import { within } from '../lifecycle/within.ts';
import { Metrics, remembered } from '../metrics/index.ts';
import { Database } from '../persistence/index.ts';
import { Redis } from '../redis/index.ts';

/** The longest that a probe waits for Postgres. */
const patienceMs = 2_000;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What a worker tells whoever watches it, on a port of its own; without METRICS_PORT it has no door. */
@Injectable()
export class WorkerDoor implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(WorkerDoor.name);
  private server: Server | undefined;
  /** Probes that come while one waits share its answer: each would hold a connection. */
  private readonly askPostgres = remembered(() => this.database.sql`select 1`, 0);

  constructor(
    private readonly config: Config,
    private readonly metrics: Metrics,
    private readonly database: Database,
    private readonly redis: Redis,
    private readonly roles: Roles,
  ) {}

  /** Before any role begins, so that a port that is taken ends the start. */
  async onModuleInit(): Promise<void> {
    const { metricsPort: port, host } = this.config;
    if (port === null) return;
    const server = createServer(
      { requestTimeout: 10_000, headersTimeout: 5_000 },
      (request, response) =>
        void this.answer(request)
          .catch((error: unknown) => {
            this.logger.error(error);
            return json(500, { status: 'error' });
          })
          .then(({ status, type, body }) =>
            response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body),
          ),
    );
    try {
      await once(server.listen(port, host), 'listening');
    } catch (error) {
      throw Object.assign(error as Error, { variable: 'METRICS_PORT' });
    }
    this.server = server;
    this.logger.log(`Metrics and probes on port ${port}.`);
  }

  async onApplicationShutdown(): Promise<void> {
    const { server } = this;
    if (!server) return;
    const closed = once(server.close(), 'close');
    server.closeAllConnections();
    await closed;
  }

  private async answer({ method = '', url = '', headers }: IncomingMessage): Promise<Answer> {
    if (method !== 'GET' && method !== 'HEAD') return json(405, { status: 'method not allowed' });
    const [path = ''] = url.split('?');
    switch (path) {
      case '/metrics':
        return headers.accept === 'application/json'
          ? json(200, await this.metrics.families())
          : { status: 200, type: this.metrics.contentType, body: await this.metrics.text() };
      case '/health/live':
        return json(200, { status: 'ok' });
      case '/health/ready':
        return this.readiness();
      default:
        return json(404, { status: 'not found' });
    }
  }

  /** Redis is told and makes nobody unready, as in the api. */
  private async readiness(): Promise<Answer> {
    const postgres = await within(patienceMs, this.askPostgres()).then(
      () => true,
      () => false,
    );
    const roles = this.config.workerRoles.map((role) => [role, this.roles.isUp(role)] as const);
    const ready = postgres && roles.every(([, isUp]) => isUp);
    return json(ready ? 200 : 503, {
      status: ready ? 'ok' : 'unavailable',
      dependencies: { postgres: upOrDown(postgres), ...(await redisState(this.redis)) },
      roles: Object.fromEntries(roles.map(([role, isUp]) => [role, upOrDown(isUp)])),
    });
  }
}

const upOrDown = (isUp: boolean) => ({ status: isUp ? 'up' : 'down' });

const json = (status: number, body: unknown): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(body),
});
