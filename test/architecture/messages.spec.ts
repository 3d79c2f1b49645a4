import { describe, expect, it } from 'vitest';
import { rules } from './message-rules.ts';
import { readMessages } from './messages.ts';
import { allowed } from './messages.allowed.ts';
import { planted } from './messages.planted.ts';
import { plant, root } from './planted-tree.ts';

describe('The messages of this repository', () => {
  const messages = readMessages(root);

  it('are seen by these rules', () => {
    const seen = (kind: string): number => messages.classes.filter((found) => found.kind === kind).length;
    expect({ commands: seen('Command'), queries: seen('Query'), events: seen('DomainEvent') }).toEqual({
      commands: expect.toSatisfy((count: number) => count > 3),
      queries: expect.toSatisfy((count: number) => count > 3),
      events: expect.toSatisfy((count: number) => count > 3),
    });
  });

  it.each(Object.entries(rules))('%s', (_, rule) => {
    expect(rule(messages)).toEqual([]);
  });
});

describe('A rule of messages', () => {
  const findings = (tree: string): Record<string, string[]> => {
    const messages = readMessages(tree);
    const all = Object.entries(rules).map(([name, rule]) => [name, rule(messages).toSorted()] as const);
    return Object.fromEntries(all.filter(([, findings]) => findings.length > 0));
  };

  it('is planted a violation, each of them', () => {
    expect(Object.keys(planted).toSorted()).toEqual(Object.keys(rules).toSorted());
  });

  it('lets everything pass that the design allows', () => {
    expect(findings(plant(allowed))).toEqual({});
  });

  it.each(Object.entries(planted))('fires unless %s', (name, { sources, found }) => {
    expect(findings(plant({ ...allowed, ...sources }))).toEqual({ [name]: found.toSorted() });
  });
});
