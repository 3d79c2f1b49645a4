import { once } from 'node:events';
import { Controller, Get, Module } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { DomainError } from '#kernel';
import { ApiProblems, isDraining, Public } from '../http/index.ts';
import { remembered } from '../metrics/remembered.ts';
import { Database, silence } from '../persistence/index.ts';
import { Redis } from '../redis/index.ts';
import { redisState } from './redis-state.ts';

const live = z.object({ status: z.literal('ok') });
const ready = z.object({
  status: z.literal('ok'),
  dependencies: z
    .object({
      postgres: z.object({ status: z.literal('up') }),
      redis: z
        .object({ status: z.enum(['up', 'away']) })
        .optional()
        .describe('Where one is configured. Everything but speed does without it, so `away` is ready too.'),
    })
    .describe('What this process works with.'),
});

type Readiness = z.infer<typeof ready>;

/** Milliseconds after which Postgres counts as away: whoever probes gives up soon, and a request only later. */
const probeMs = 2_000;

/** Probes for supervisors and load balancers. */
@ApiTags('operations')
@Public()
@Controller('health')
class HealthController {
  /** Probes that come while one waits share its answer: nobody limits them, and each would hold a connection. */
  private readonly askPostgres = remembered(() => this.database.sql`select 1`, 0);

  constructor(
    private readonly database: Database,
    private readonly redis: Redis,
    private readonly host: HttpAdapterHost,
  ) {}

  @Get('live')
  @ApiOperation({ summary: 'Whether the process runs' })
  @ApiOkResponse({ standardSchema: live, description: 'It runs.' })
  @ApiProblems(400)
  getLiveness(): z.infer<typeof live> {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'Whether the process can do its work, dependency by dependency' })
  @ApiOkResponse({
    standardSchema: ready,
    description: 'Every dependency that it cannot do without answers.',
  })
  @ApiProblems(400, 503)
  async getReadiness(): Promise<Readiness> {
    if (isDraining(this.host.httpAdapter)) {
      throw new DomainError('unavailable', 'http.draining', 'This process is about to end.');
    }
    const impatience = once(AbortSignal.timeout(probeMs), 'abort').then(() => Promise.reject(silence()));
    await Promise.race([this.askPostgres(), impatience]);
    return { status: 'ok', dependencies: { postgres: { status: 'up' }, ...(await redisState(this.redis)) } };
  }
}

@Module({ controllers: [HealthController] })
export class HealthModule {}
