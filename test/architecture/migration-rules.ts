import type { Step } from './migrations.ts';

/** Whether a step breaks the rule. */
type Rule = (step: Step) => boolean;

const onExisting =
  (pattern: RegExp): Rule =>
  ({ text, about }) =>
    about === 'an existing table' && pattern.test(text);

const inlineConstraint = /\b(check|references|unique|primary key|exclude)\b/;
/** A default that is worked out for each row, or a column that is. */
const computed = /\bdefault (?!now\(\))[^(,]*\(|\bgenerated\b|\b(small|big)?serial\b/;

/** What makes things new, takes a restriction away, or only looks. */
const harmless = [
  /^create (schema|table|view|sequence|type|trigger|(unique )?index|(or replace )?function)\b/,
  /^(comment on|insert into|drop index)\b/,
  /^alter table .* (add column|add constraint|add (check|foreign key)|drop constraint|validate constraint)\b/,
  /^alter table .* alter column \S+ (set default|drop not null)\b/,
];

/**
 * What a migration may do while older versions run, by the sentence that has to hold; a step is told of by the first
 * that it breaks. Tables that the same migration makes are nobody's yet. `docs/deploying.md` says what to do instead.
 */
export const rules: Readonly<Record<string, Rule>> = {
  'drops nothing that an older version may use': (step) =>
    /^drop (?!index\b)/.test(step.text) ||
    onExisting(/^alter table .* (drop column|alter column \S+ drop default)\b/)(step),

  'renames nothing': ({ text, about }) =>
    about !== 'its own table' && /^alter .* (rename|set schema)\b/.test(text),

  'changes no type': onExisting(/ alter column \S+ (set data )?type\b/),

  'asks nothing of new rows that an older version does not give': (step) =>
    onExisting(/ alter column \S+ set not null\b/)(step) ||
    (onExisting(/ add column .*(?<!\bis )not null\b/)(step) && !/\bdefault\b/.test(step.text)) ||
    onExisting(/ add (constraint \S+ )?(unique|primary key|exclude)\b/)(step),

  'rewrites no table': (step) => onExisting(/ add column\b/)(step) && computed.test(step.text),

  'checks no rows under the lock of a change': (step) =>
    (onExisting(/ add (constraint \S+ )?(check|foreign key)\b/)(step) && !step.text.endsWith(' not valid')) ||
    (onExisting(/ add column\b/)(step) && inlineConstraint.test(step.text)) ||
    (onExisting(/ validate constraint\b/)(step) && step.alterations > 1),

  'builds an index of an existing table beside its use': onExisting(
    /^create (unique )?index (?!concurrently\b)/,
  ),

  'changes no rows': onExisting(/^(update|delete|truncate|merge)\b/),

  'does only what is known to disturb nobody': ({ text, about }) =>
    about !== 'its own table' && !harmless.some((known) => known.test(text)),
};

/** What a contract step is for: the version that needed it is gone. Its locks are short all the same. */
const contract = new Set(Object.keys(rules).slice(0, 4));

/** Each broken rule with its step, of those that no contract step excuses. */
export function findingsIn(steps: readonly Step[], releases: readonly string[]): string[] {
  return steps.flatMap((step) => {
    const [sentence] = Object.entries(rules).find(([, broken]) => broken(step)) ?? [];
    if (sentence === undefined) return [];
    const excused = contract.has(sentence) && releases.includes(step.unneededSince ?? '');
    return excused ? [] : [`${sentence}: ${step.migration}: ${step.text}`];
  });
}
