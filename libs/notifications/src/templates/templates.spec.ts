import { describe, expect, it } from 'vitest';
import type { FiredAlert } from '#libs/alerts/contracts';
import { emptyLineItem, filled } from '../domain/line-item.ts';
import { alertMail } from './alert-mail.ts';
import { groupThousands, utc } from './format.ts';
import { manualMail } from './manual-mail.ts';

const fired: FiredAlert = {
  alertId: '0190a0b0-0000-7000-8000-000000000001',
  userId: '0190a0b0-0000-7000-8000-000000000002',
  symbol: 'BTC-USD',
  target: '33000',
  direction: 'up',
  price: '33000.52',
  tradeId: 123_456_789,
  tradedAt: '2026-11-21T10:15:30.123Z',
  note: 'sell?',
};
const hostile = `<script>alert("x")</script> ' & {{constructor}} </td>`;
const dump = (mail: { subject: string; text: string; html: string }) =>
  `${mail.subject}\n${mail.text}\n${mail.html}`;

describe('Thousands', () => {
  it.each([
    ['0', '0'],
    ['999', '999'],
    ['1000', '1,000'],
    ['33000.5', '33,000.5'],
    ['1234567.0001234', '1,234,567.0001234'],
    ['-1234.5', '-1,234.5'],
    ['-123', '-123'],
    ['123456789012345678901.12345678901234567', '123,456,789,012,345,678,901.12345678901234567'],
  ])('of %s are grouped: %s', (given, grouped) => {
    expect(groupThousands(given)).toBe(grouped);
  });
});

describe('A time', () => {
  it('is given in UTC, its milliseconds only when there are any', () => {
    expect(utc('2026-11-21T10:15:30.123Z')).toBe('2026-11-21 10:15:30.123 UTC');
    expect(utc('2026-11-21T10:15:30+02:00')).toBe('2026-11-21 08:15:30 UTC');
  });
});

describe('The mail of an alert', () => {
  it('names symbol and target in its subject', () => {
    expect(alertMail(fired, 'https://tocsin.test').subject).toBe('BTC-USD reached 33,000');
  });

  it('carries the receipt in both parts', () => {
    const { text, html } = alertMail(fired, 'https://tocsin.test');
    const receipt = [
      'BTC-USD reached 33,000 from below: it traded at 33,000.52.',
      'Your note: sell?',
      'up, from below',
      '2026-11-21 10:15:30.123 UTC',
      '123456789',
      fired.alertId,
      `/v1/alerts/${fired.alertId}`,
      'https://tocsin.test/docs',
    ];
    for (const part of [text, html]) for (const line of receipt) expect(part).toContain(line);
  });

  it('is told from above when the price fell', () => {
    expect(alertMail({ ...fired, direction: 'down' }, '').text).toContain('reached 33,000 from above');
  });

  it('says nothing of a note that there is not', () => {
    expect(dump(alertMail({ ...fired, note: null }, ''))).not.toContain('note');
  });

  it('is plain text without markup, line by line', () => {
    expect(alertMail(fired, 'https://tocsin.test').text).toBe(
      [
        'BTC-USD reached 33,000 from below: it traded at 33,000.52.',
        '',
        'Your note: sell?',
        '',
        'Target: 33,000',
        'Direction: up, from below',
        'Traded price: 33,000.52',
        'Traded at: 2026-11-21 10:15:30.123 UTC',
        'Trade id of the exchange: 123456789',
        `Alert: ${fired.alertId}`,
        '',
        '-- ',
        `You get this mail because you set this alert. See it with GET and delete it with DELETE of /v1/alerts/${fired.alertId}.`,
        'Open the API page: https://tocsin.test/docs',
        '',
      ].join('\n'),
    );
  });

  it('escapes a hostile note', () => {
    const { html, text } = alertMail({ ...fired, note: hostile }, '');
    expect(html).toContain(
      '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &#x27; &amp; {{constructor}} &lt;/td&gt;',
    );
    expect(html).not.toContain('<script');
    expect(text).toContain(hostile);
  });
});

describe('The mail of a written notification', () => {
  const item = emptyLineItem('BTC-USD', 'USD', ['price', 'volume24h', 'change24hPercent', 'marketCap']);
  const market = {
    price: '33000.5',
    volume24h: '1234567890.12',
    dayHigh: null,
    dayLow: null,
    marketCap: null,
    change24hPercent: '-1.25',
    volumeUnit: 'USD',
    source: 'binance',
    asOf: new Date('2026-11-21T10:15:30Z'),
  };
  const mailOf = (lineItems: Parameters<typeof manualMail>[0]['lineItems'], message = 'Hello') =>
    manualMail({ subject: 'Bitcoin today', message, lineItems });

  it('lists values with their units, source and time in both parts', () => {
    const { text, html } = mailOf([filled(item, market)]);
    expect(text).toContain(
      'BTC-USD\nPrice: 33,000.5 USD\nVolume, 24 hours: 1,234,567,890.12 USD\nChange, 24 hours: -1.25 %\n' +
        'Market capitalisation: not available\nSource: binance, 2026-11-21 10:15:30 UTC\n',
    );
    for (const value of ['33,000.5 USD', '-1.25 %', 'not available', 'binance, 2026-11-21 10:15:30 UTC']) {
      expect(html).toContain(value);
    }
  });

  it('says "not available" for a symbol without any quote', () => {
    expect(mailOf([filled(item, undefined)]).text).toContain(
      'Price: not available\nVolume, 24 hours: not available\nChange, 24 hours: not available\n' +
        'Market capitalisation: not available\nSource: not available\n',
    );
  });

  it('keeps paragraphs and lines of the message', () => {
    const { html, text } = mailOf([], 'First\nsecond\n\nThird');
    expect(html).toMatch(/<p [^>]*>First<br>second<\/p>\s*<p [^>]*>Third<\/p>/);
    expect(text.startsWith('First\nsecond\n\nThird\n')).toBe(true);
  });

  it('escapes a hostile subject and message', () => {
    const { html } = manualMail({ subject: hostile, message: hostile, lineItems: [] });
    expect(html).not.toContain('<script');
    expect(html).not.toContain(' </td></');
    expect(html.match(/&lt;script&gt;/g)).toHaveLength(3);
  });

  it('fits into a mailbox that clips at 100 kB, with every line item and field there may be', () => {
    const all = {
      ...item,
      fields: ['price', 'volume24h', 'dayHigh', 'dayLow', 'marketCap', 'change24hPercent'] as const,
    };
    const { html } = mailOf(
      Array.from({ length: 20 }, () => filled(all, market)),
      'x'.repeat(10_000),
    );
    expect(Buffer.byteLength(html)).toBeLessThan(100_000);
  });
});
