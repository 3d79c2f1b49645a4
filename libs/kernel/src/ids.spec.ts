import { describe, expect, it } from 'vitest';
import { newId } from './ids.ts';

describe('a new id', () => {
  it('is a UUID of version 7 and the RFC variant', () => {
    expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('carries the millisecond it was made in', () => {
    const future = Date.UTC(2100, 0, 1);
    expect(Number.parseInt(newId(future).replace('-', '').slice(0, 12), 16)).toBe(future);
  });

  it('sorts after every earlier one, also within a millisecond and past a full counter', () => {
    const ids = Array.from({ length: 10_000 }, () => newId(Date.UTC(2101, 0, 1)));
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
