import type { Clock } from '#kernel';
import type { Metrics } from '#platform/metrics';
import type { RecordTicks } from '../features/record-ticks.ts';
import type { FeedCounters, PriceFeed } from './price-feed.ts';

/** Has what feeds and recorder count told with the metrics: looked at by a scrape, so that a tick costs nothing. */
export function measureFeeds(
  metrics: Metrics,
  feeds: readonly PriceFeed[],
  recorder: RecordTicks,
  clock: Clock,
): void {
  const counts = () => [...recorder.counts].map(([source, of]) => ({ source, of }));
  const connected = () => feeds.flatMap(({ source, counters }) => (counters ? { source, of: counters } : []));
  const ofEach = (count: (of: FeedCounters) => number) => () =>
    connected().map(({ source, of }) => [{ source }, count(of)] as const);

  metrics.counter(
    'tocsin_feed_ticks_received_total',
    'Ticks that a source offered, by origin: live or backfill. Those offered again after a failure count again.',
    ['source', 'origin'],
    () =>
      counts().flatMap(({ source, of }) => [
        [{ source, origin: 'live' }, of.live] as const,
        [{ source, origin: 'backfill' }, of.backfill] as const,
      ]),
  );
  metrics.counter(
    'tocsin_feed_ticks_recorded_total',
    'Ticks that were passed on to the engine, each once and in order.',
    ['source'],
    () => counts().map(({ source, of }) => [{ source }, of.recorded] as const),
  );
  metrics.counter(
    'tocsin_feed_ticks_rejected_total',
    'Messages and ticks that were dropped: what was wrong with them, or late, repeated, shed (and fetched again).',
    ['source', 'reason'],
    () => [
      ...counts().map(({ source, of }) => [{ source, reason: 'repeated' }, of.repeated] as const),
      ...connected().flatMap(({ source, of: { rejected, late, shed } }) =>
        Object.entries({ ...rejected, late, shed }).map(
          ([reason, count]) => [{ source, reason }, count] as const,
        ),
      ),
    ],
  );
  metrics.gauge(
    'tocsin_feed_last_tick_age_seconds',
    'Age of the last trade that was passed on, by the clock of its source.',
    ['source', 'symbol'],
    () =>
      [...recorder.newest()].map(({ source, symbol, at }) => [
        { source, symbol },
        Math.max(0, clock.now().getTime() - at.getTime()) / 1000,
      ]),
  );
  metrics.gauge(
    'tocsin_feed_connected',
    'Whether the connection to the source is open: 1 or 0.',
    ['source'],
    ofEach(({ connections, disconnections }) => connections - disconnections),
  );
  metrics.counter(
    'tocsin_feed_connections_total',
    'Connections to the source that opened: the first one and every reconnection.',
    ['source'],
    ofEach(({ connections }) => connections),
  );
  metrics.counter(
    'tocsin_feed_gaps_total',
    'Spans of trades that the stream left out, by outcome: filled from history, or unfilled.',
    ['source', 'outcome'],
    () =>
      connected().flatMap(({ source, of }) => [
        [{ source, outcome: 'filled' }, of.filled] as const,
        [{ source, outcome: 'unfilled' }, of.gaps] as const,
      ]),
  );
  metrics.counter(
    'tocsin_feed_missing_trades_total',
    'Trades of unfilled spans, by their ids.',
    ['source'],
    ofEach(({ missing }) => missing),
  );
  metrics.counter(
    'tocsin_feed_history_requests_total',
    'Questions to the history of the source.',
    ['source'],
    ofEach(({ historyRequests }) => historyRequests),
  );
  metrics.counter(
    'tocsin_feed_history_failures_total',
    'Questions to the history of the source that were not answered, or not with trades.',
    ['source'],
    ofEach(({ historyFailures }) => historyFailures),
  );
}
