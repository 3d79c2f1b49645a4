import { expect, it } from 'vitest';
import { securityHeaders } from './security-headers.ts';

it('are those of helmet and nothing else, with a policy for pages over plain http too', async () => {
  const headers = await securityHeaders();
  expect(Object.keys(headers).toSorted()).toEqual([
    'content-security-policy',
    'cross-origin-opener-policy',
    'cross-origin-resource-policy',
    'origin-agent-cluster',
    'referrer-policy',
    'strict-transport-security',
    'x-content-type-options',
    'x-dns-prefetch-control',
    'x-download-options',
    'x-frame-options',
    'x-permitted-cross-domain-policies',
    'x-xss-protection',
  ]);
  expect(headers['content-security-policy']).toContain("default-src 'self'");
  expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
});
