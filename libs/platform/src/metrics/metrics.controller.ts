import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Config } from '../config/index.ts';
import { ApiProblems, Public } from '../http/index.ts';
import { Metrics } from './metrics.ts';
import { withWorker } from './with-worker.ts';

/** What Prometheus scrapes. */
@ApiTags('operations')
@Public()
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly config: Config,
  ) {}

  @Get()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'What this installation counts and measures, for Prometheus' })
  @ApiOkResponse({
    description: 'Families of metrics in the text format 0.0.4; docs/metrics.md says what each means.',
    content: { 'text/plain': { schema: { type: 'string', pattern: '^# HELP ' } } },
  })
  @ApiProblems(400)
  getMetrics(): Promise<string> {
    const { workerMetricsUrl } = this.config;
    return workerMetricsUrl === null ? this.metrics.text() : withWorker(this.metrics, workerMetricsUrl);
  }
}
