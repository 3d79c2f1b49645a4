import { describe, expect, it } from 'vitest';
import { type PostgresFacts, postgresFault, unfitness } from './postgres.ts';
import { Unusable } from './unusable.ts';

describe('what is said of a Postgres', () => {
  const facts: PostgresFacts = {
    version: 150_004,
    database: 'tocsin',
    role: 'tocsin',
    readOnly: false,
    mayMigrate: true,
  };

  it.each([150_000, 180_004])('nothing when it fits: %i', (version) => {
    expect(unfitness({ ...facts, version })).toBeUndefined();
  });

  it.each([140_012, 90_624, 190_000])('that its version does not fit: %i', (version) => {
    expect(unfitness({ ...facts, version })).toMatchObject({ passing: false });
    expect(unfitness({ ...facts, version })?.reason).toMatch(/^is version \d+; Tocsin needs 15 to 18$/);
  });

  it('that it is read-only, which ends when a failover does', () => {
    expect(unfitness({ ...facts, readOnly: true })).toMatchObject({ passing: true });
  });

  const withCode = (code: string, message = 'canary') => Object.assign(new Error(message), { code });

  it.each<[unknown, boolean, string]>([
    [withCode('ECONNREFUSED'), true, 'refuses connections'],
    [withCode('ENOTFOUND'), true, 'is not found'],
    [withCode('EHOSTUNREACH'), true, 'cannot be reached'],
    [withCode('ECONNRESET'), true, 'hangs up'],
    [new Error('Connection terminated unexpectedly'), true, 'hangs up'],
    [new Error('timeout expired'), true, 'does not answer'],
    [withCode('57P03'), true, 'is starting'],
    [withCode('53300'), true, 'has no connection left'],
    [withCode('28P01'), false, 'does not accept this user and password'],
    [withCode('3D000'), false, 'has no database of this name'],
    [withCode('SELF_SIGNED_CERT_IN_CHAIN'), false, 'SELF_SIGNED_CERT_IN_CHAIN'],
    [new Error('The server does not support SSL connections'), false, 'speaks no TLS'],
    [withCode('28000', 'no pg_hba.conf entry for host "10.0.0.7", no encryption'), false, 'no encryption"'],
  ])('%s', (error, passing, words) => {
    const fault = postgresFault(error);
    expect(fault).toBeInstanceOf(Unusable);
    expect(fault).toMatchObject({ passing, reason: expect.stringContaining(words) as string });
    expect((fault as Unusable).reason).not.toContain('canary');
  });

  it('nothing of an error that is our own', () => {
    const bug = new TypeError('a bug');
    expect(postgresFault(bug)).toBe(bug);
  });
});
