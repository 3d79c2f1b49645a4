import { describe, expect, it } from 'vitest';
import { parseExposition, totalOf } from '../../../../test/support/exposition.ts';
import { delays, Metrics } from './metrics.ts';
import { remembered } from './remembered.ts';

const scrape = async (metrics: Metrics) => parseExposition(await metrics.text());
const samplesOf = async (metrics: Metrics, name: string) =>
  (await scrape(metrics)).get(name)?.samples.map(({ labels, value }) => ({ ...labels, value }));

describe('the metrics of a process', () => {
  it('are told with the process they are of', async () => {
    const metrics = new Metrics('api');
    metrics.counter('tocsin_bells_total', 'Bells rung.', ['tower']).inc({ tower: 'north' });
    metrics.gauge('tocsin_ropes', 'Ropes in hand.').set(3);
    expect(await samplesOf(metrics, 'tocsin_bells_total')).toEqual([
      { tower: 'north', process: 'api', value: 1 },
    ]);
    expect(await samplesOf(metrics, 'tocsin_ropes')).toEqual([{ process: 'api', value: 3 }]);
  });

  it('are not those of another one beside it', async () => {
    const [one, other] = [new Metrics('worker'), new Metrics('worker')];
    one.counter('tocsin_bells_total', 'Bells rung.').inc();
    other.counter('tocsin_bells_total', 'Bells rung.').inc(5);
    expect(totalOf(await scrape(one), 'tocsin_bells_total')).toBe(1);
  });

  it('belong to one place each', () => {
    const metrics = new Metrics('api');
    metrics.counter('tocsin_bells_total', 'Bells rung.');
    expect(() => metrics.counter('tocsin_bells_total', 'Again.')).toThrow('already been registered');
  });

  it('hold quotes, backslashes and line breaks in labels apart from the format', async () => {
    const metrics = new Metrics('api');
    const tower = 'the "north"\\one\nof two';
    metrics.counter('tocsin_bells_total', 'Bells rung.', ['tower']).inc({ tower });
    expect(await samplesOf(metrics, 'tocsin_bells_total')).toMatchObject([{ tower }]);
  });

  it('know durations from a millisecond and delays up to an hour', async () => {
    const metrics = new Metrics('api');
    metrics.histogram('tocsin_ring_duration_seconds', 'A ring.').observe(0.0007);
    metrics.histogram('tocsin_ring_delay_seconds', 'Until heard.', [], delays).observe(1800);
    const bound = (name: string, le: string) => async () =>
      (await scrape(metrics)).get(name)?.samples.find(({ labels }) => labels['le'] === le)?.value;
    expect(await bound('tocsin_ring_duration_seconds', '0.001')()).toBe(1);
    expect(await bound('tocsin_ring_delay_seconds', '900')()).toBe(0);
    expect(await bound('tocsin_ring_delay_seconds', '3600')()).toBe(1);
  });

  it('include CPU, memory, event loop and collected garbage once they are watched', async () => {
    const metrics = new Metrics('worker');
    metrics.watchProcess();
    expect([...(await scrape(metrics)).keys()]).toEqual(
      expect.arrayContaining([
        'process_cpu_seconds_total',
        'process_resident_memory_bytes',
        'nodejs_eventloop_lag_seconds',
        'nodejs_gc_duration_seconds',
      ]),
    );
  });
});

describe('what is looked at when somebody asks', () => {
  it('is what it is at that moment, without what is gone', async () => {
    const metrics = new Metrics('api');
    const jobs = new Map([['waiting', 2]]);
    metrics.gauge('tocsin_jobs', 'Jobs.', ['state'], () =>
      [...jobs].map(([state, count]) => [{ state }, count] as const),
    );
    metrics.counter('tocsin_jobs_done_total', 'Jobs done.', [], () => [[{}, 7]]);
    expect(await samplesOf(metrics, 'tocsin_jobs')).toMatchObject([{ state: 'waiting', value: 2 }]);
    jobs.clear();
    jobs.set('active', 1);
    expect(await samplesOf(metrics, 'tocsin_jobs')).toEqual([{ state: 'active', process: 'api', value: 1 }]);
    expect(await samplesOf(metrics, 'tocsin_jobs_done_total')).toMatchObject([{ value: 7 }]);
    expect(await samplesOf(metrics, 'tocsin_jobs_done_total')).toMatchObject([{ value: 7 }]);
  });

  it('is absent while it cannot be known, and everything else is told', async () => {
    const metrics = new Metrics('api', 20);
    const answers = [
      () => Promise.resolve([[{}, 1]] as const),
      () => Promise.reject(new Error('Postgres is away.')),
      () => new Promise<never>(() => {}),
      () => Promise.resolve([[{}, Number.NaN]] as const),
    ];
    let round = 0;
    metrics.gauge('tocsin_backlog', 'Backlog.', [], () => answers[round]!());
    metrics.counter('tocsin_bells_total', 'Bells rung.').inc();
    for (; round < answers.length; round++) {
      const families = await scrape(metrics);
      expect(families.get('tocsin_backlog')?.samples).toHaveLength(round === 0 ? 1 : 0);
      expect(totalOf(families, 'tocsin_bells_total')).toBe(1);
    }
  });

  it('is asked once for several families and several scrapes', async () => {
    let asked = 0;
    const read = remembered(() => Promise.resolve(++asked), 60_000);
    expect(await Promise.all([read(), read()])).toEqual([1, 1]);
    expect(await read()).toBe(1);
  });

  it('is asked again when it is old, and after a failure', async () => {
    let asked = 0;
    const old = remembered(() => Promise.resolve(++asked), 0);
    expect([await old(), await old()]).toEqual([1, 2]);
    const failing = remembered(() =>
      ++asked === 3 ? Promise.reject(new Error('away')) : Promise.resolve(asked),
    );
    await expect(failing()).rejects.toThrow('away');
    expect([await failing(), await failing()]).toEqual([4, 4]);
  });
});
