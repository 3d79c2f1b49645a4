import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Counter, Histogram } from '@prometheus-io/client';
import { Metrics } from './metrics.ts';

/** Counts and times every request of the api by the pattern of its route, never by the path that was asked for. */
@Injectable()
export class HttpMetrics implements OnModuleInit {
  private readonly duration: Histogram<'method' | 'route' | 'status'>;
  private readonly replayed: Counter;
  private inFlight = 0;

  constructor(
    private readonly host: HttpAdapterHost<FastifyAdapter>,
    metrics: Metrics,
  ) {
    this.duration = metrics.histogram(
      'tocsin_http_request_duration_seconds',
      'Time to answer a request; one that the client gave up is not counted. No route means that there is none.',
      ['method', 'route', 'status'],
    );
    this.replayed = metrics.counter(
      'tocsin_http_idempotent_replays_total',
      'Answers given again to a repetition with the same Idempotency-Key.',
    );
    metrics.gauge(
      'tocsin_http_requests_in_flight',
      'Requests that are being answered, this scrape among them.',
      [],
      () => [[{}, this.inFlight]],
    );
  }

  onModuleInit(): void {
    // Null in `admin:create`, which has the modules of the api and no HTTP.
    const adapter = this.host.httpAdapter as FastifyAdapter | null;
    if (!adapter) return;
    const fastify = adapter.getInstance();
    fastify.addHook('onRequest', (_request, reply, next) => {
      this.inFlight += 1;
      // Not when it was answered: a client that hangs up gets no answer.
      reply.raw.once('close', () => (this.inFlight -= 1));
      next();
    });
    fastify.addHook('onResponse', (request, reply, next) => {
      const route = request.routeOptions.url ?? '';
      this.duration.observe(
        { method: request.method, route, status: reply.statusCode },
        reply.elapsedTime / 1000,
      );
      if (reply.hasHeader('Idempotency-Replayed')) this.replayed.inc();
      next();
    });
  }
}
