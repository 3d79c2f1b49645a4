import { describe, expect, it } from 'vitest';
import { parseExposition, totalOf } from './exposition.ts';

const counter = '# HELP a_total Things.\n# TYPE a_total counter\n';
const histogram =
  '# HELP b_seconds Time.\n# TYPE b_seconds histogram\n' +
  'b_seconds_bucket{le="1",q="x"} 1\nb_seconds_bucket{le="+Inf",q="x"} 2\nb_seconds_sum{q="x"} 4.5\nb_seconds_count{q="x"} 2\n';

describe('a scrape', () => {
  it('is read family by family', () => {
    const families = parseExposition(
      `${counter}a_total{x="1, \\"2\\""} 3\na_total{x="4"} 1e3\n\n${histogram}`,
    );
    expect(families.get('a_total')).toEqual({
      name: 'a_total',
      type: 'counter',
      help: 'Things.',
      samples: [
        { name: 'a_total', labels: { x: '1, "2"' }, value: 3 },
        { name: 'a_total', labels: { x: '4' }, value: 1000 },
      ],
    });
    expect(totalOf(families, 'a_total')).toBe(1003);
    expect(totalOf(families, 'a_total', { x: '4' })).toBe(1000);
    expect(totalOf(families, 'b_seconds', { q: 'x' })).toBe(2);
    expect(totalOf(families, 'c_total')).toBe(0);
  });

  it.each([
    ['without an end', `${counter}a_total 3`],
    ['with a family that comes twice', `${counter}a_total 3\n${histogram}${counter}a_total{x="1"} 3\n`],
    ['with a family without help', '# TYPE a_total counter\na_total 3\n'],
    ['with an unknown type', counter.replace(' counter', ' count')],
    ['with a sample of no family', 'a_total 3\n'],
    ['with a sample away from its family', `${counter}${histogram}a_total 3\n`],
    ['with a sample that comes twice', `${counter}a_total{x="1",y="2"} 3\na_total{y="2",x="1"} 4\n`],
    ['with a value that is no number', `${counter}a_total many\n`],
    ['with labels that are none', `${counter}a_total{x=1} 3\n`],
    ['with a quote that is not escaped', `${counter}a_total{x="a"b"} 3\n`],
    ['with a label that comes twice', `${counter}a_total{x="1",x="2"} 3\n`],
    ['with a bucket in a counter', `${counter}a_total_bucket{le="1"} 3\n`],
  ])('%s is refused', (_, text) => {
    expect(() => parseExposition(text)).toThrow(/./);
  });
});
