import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { clientAddress, networkOf } from './client-address.ts';

describe('the address of a client', () => {
  const from = (ip: string, remoteAddress?: string) =>
    clientAddress({ ip, socket: { remoteAddress } } as FastifyRequest);

  it('is what was found by the trusted proxies, and that of the peer where this is none', () => {
    expect(from('203.0.113.7', '10.0.0.1')).toBe('203.0.113.7');
    expect(from('2001:db8::1', '10.0.0.1')).toBe('2001:db8::1');
    for (const text of ['unknown', '203.0.113.7:4711', 'x'.repeat(8_000), '']) {
      expect(from(text, '10.0.0.1')).toBe('10.0.0.1');
    }
  });

  it('is empty for a connection that is gone', () => {
    expect(from('')).toBe('');
  });
});

describe('the network that a client is counted by', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8:1::6', '2001:db8:1:0::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['2001::2:3:4:5:6:7', '2001:0:2:3::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
