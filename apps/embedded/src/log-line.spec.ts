import { describe, expect, it } from 'vitest';
import { readableLine } from './log-line.ts';

const now = new Date(2026, 10, 22, 9, 5, 7);
const record = (fields: object): string =>
  JSON.stringify({ level: 30, time: now.getTime(), pid: 7, ...fields });

describe('a line of output as people read it', () => {
  it('is the message, with the time it was written and the process', () => {
    expect(readableLine('api', record({ msg: 'Listening on 3000' }))).toBe(
      '09:05:07 api      Listening on 3000',
    );
  });

  it('names the severity of what needs attention, and its reason', () => {
    const err = { message: 'connect ECONNREFUSED', stack: 'Error: connect ECONNREFUSED\n    at somewhere' };
    expect(readableLine('worker', record({ level: 40, msg: 'Feed lost', err }))).toBe(
      '09:05:07 worker   WARN Feed lost: connect ECONNREFUSED',
    );
    expect(readableLine('worker', record({ level: 50, msg: 'connect ECONNREFUSED', err }))).toBe(
      '09:05:07 worker   ERROR connect ECONNREFUSED\nError: connect ECONNREFUSED\n    at somewhere',
    );
  });

  it('does not say where in the program it was noticed that a service is away', () => {
    const err = {
      code: 'ECONNREFUSED',
      message: 'connect ECONNREFUSED',
      stack: 'Error: …\n    at somewhere',
    };
    expect(readableLine('worker', record({ level: 50, msg: err.message, err }))).toBe(
      '09:05:07 worker   ERROR connect ECONNREFUSED',
    );
  });

  it('shows what was asked and refused, and no request that was answered', () => {
    const request = (statusCode: number, level = 30) =>
      readableLine(
        'api',
        record({
          level,
          msg: 'request completed',
          req: { method: 'GET', path: '/v1/alerts' },
          res: { statusCode },
        }),
      );
    expect(request(404)).toBe('09:05:07 api      request completed (GET /v1/alerts 404)');
    expect(request(503, 40)).toBe('09:05:07 api      WARN request completed (GET /v1/alerts 503)');
    expect([request(200), request(304)]).toEqual([undefined, undefined]);
  });

  it('is kept as it is when it is no record', () => {
    expect(readableLine('mailbox', 'mailbox ready', now)).toBe('09:05:07 mailbox  mailbox ready');
    expect(readableLine('api', '{"half": ', now)).toBe('09:05:07 api      {"half": ');
    expect(readableLine('api', '{"level":"high"}', now)).toBe('09:05:07 api      {"level":"high"}');
  });

  it('leaves out empty lines and the framework talking about its start, but never a warning of it', () => {
    expect(readableLine('api', '  ', now)).toBeUndefined();
    expect(readableLine('api', record({ msg: 'Mapped {/v1}', context: 'RouterExplorer' }))).toBeUndefined();
    expect(
      readableLine('api', record({ level: 40, msg: 'Two routes', context: 'RouterExplorer' })),
    ).toContain('WARN Two routes');
  });
});
