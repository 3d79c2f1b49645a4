import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems, Public } from '../http/index.ts';
import { Metrics } from './metrics.ts';

/** What Prometheus scrapes. */
@ApiTags('operations')
@Public()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

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
    return this.metrics.text();
  }
}
