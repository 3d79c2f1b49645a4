import { describe, expect, it } from 'vitest';
import { loadConfig } from '../config/index.ts';
import { Sealer } from './sealer.ts';

const sealerWith = (ENCRYPTION_KEY?: string) =>
  new Sealer(loadConfig({ TOCSIN_PROFILE: 'embedded', ENCRYPTION_KEY }));
const sealer = sealerWith('the key of a test, 32 bytes or more');
const other = sealerWith('another key of it, 32 bytes or more');
const purpose = 'test.letter';
const refusal = /not sealed as test\.letter under this ENCRYPTION_KEY, or was changed/;

describe('What is sealed', () => {
  it.each(['', 'a', 'a token and a link', 'Größe 🔔\n\0', 'x'.repeat(100_000)])(
    'is opened as it was: %#',
    (text) => {
      expect(sealer.open(purpose, sealer.seal(purpose, text))).toBe(text);
    },
  );

  it('is opened by another process that has the key', () => {
    const again = sealerWith('the key of a test, 32 bytes or more');
    expect(again.open(purpose, sealer.seal(purpose, 'a token'))).toBe('a token');
  });

  it('shows nothing of the text, and never looks the same', () => {
    const sealed = Array.from({ length: 100 }, () => sealer.seal(purpose, 'a token'));
    expect(new Set(sealed).size).toBe(100);
    for (const one of sealed) expect(one).toMatch(/^A[\w-]+$/);
    expect(Buffer.from(sealed[0] ?? '', 'base64url').includes('token')).toBe(false);
  });

  it('is refused when any byte of it was changed: version, nonce, text or tag', () => {
    const bytes = Buffer.from(sealer.seal(purpose, 'a token'), 'base64url');
    expect(bytes).toHaveLength(1 + 12 + 7 + 16);
    for (const index of bytes.keys()) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      expect(() => sealer.open(purpose, changed.toString('base64url')), `byte ${index}`).toThrow(refusal);
    }
  });

  it.each([
    ['cut short', (sealed: string) => sealed.slice(0, -4)],
    ['cut to nothing', () => ''],
    ['longer', (sealed: string) => `${sealed}AAAA`],
    [
      'with a character that decoders read over',
      (sealed: string) => `${sealed.slice(0, 20)}!${sealed.slice(20)}`,
    ],
    ['padded', (sealed: string) => `${sealed}=`],
  ])('is refused when it comes %s', (_, change) => {
    expect(() => sealer.open(purpose, change(sealer.seal(purpose, 'a token')))).toThrow(refusal);
  });

  it('is refused for another purpose and under another key', () => {
    const sealed = sealer.seal(purpose, 'a token');
    expect(() => sealer.open('test.postcard', sealed)).toThrow(/not sealed as test\.postcard/);
    expect(() => other.open(purpose, sealed)).toThrow(refusal);
  });
});

describe('A hash', () => {
  it('is the same for the same text, and another for another text, purpose or key', () => {
    const hash = sealer.hash(purpose, 'ada@example.org');
    expect(hash).toHaveLength(32);
    expect(sealer.hash(purpose, 'ada@example.org')).toEqual(hash);
    const others = [
      sealer.hash(purpose, 'eda@example.org'),
      sealer.hash('test.postcard', 'ada@example.org'),
      other.hash(purpose, 'ada@example.org'),
    ];
    for (const one of others) expect(one).not.toEqual(hash);
  });
});

describe('Without ENCRYPTION_KEY', () => {
  it('a process starts, and says what is missing once it needs it', () => {
    const without = sealerWith();
    const uses = [
      () => without.seal(purpose, 'a token'),
      () => without.open(purpose, sealer.seal(purpose, 'a token')),
      () => without.hash(purpose, 'a token'),
    ];
    for (const use of uses) expect(use).toThrow('ENCRYPTION_KEY is missing.');
  });
});
