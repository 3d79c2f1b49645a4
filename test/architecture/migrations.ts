/** A migration as the rules look at it. */
export interface Script {
  readonly name: string;
  readonly script: string;
}

/** One statement of a migration, or one clause of an `alter table`, and what is known around it. */
export interface Step {
  readonly migration: string;
  /** In lower case on one line, without comments and without what stands between quotes. */
  readonly text: string;
  /** Tables that the same migration makes are its own. */
  readonly about: 'an existing table' | 'its own table' | 'something else';
  /** How many clauses that alter existing tables the migration has. */
  readonly alterations: number;
  /** The release that the migration names in `-- contract: unneeded since <release>`. */
  readonly unneededSince: string | undefined;
}

const identifier = String.raw`"?[\w.]+"?`;
const creation = new RegExp(
  `^create (?:table|view|schema|sequence|type|function)(?: if not exists)? (${identifier})`,
);
const tableOf = new RegExp(
  [
    `^alter table(?: if exists)?(?: only)? (${identifier})`,
    `^create (?:unique )?index.*? on (?:only )?(${identifier})`,
    `^(?:update|delete from|truncate|merge into|insert into)(?: table| only)? (${identifier})`,
    `^drop table(?: if exists)? (${identifier})`,
  ].join('|'),
);

/** What each migration does, step by step. */
export function stepsOf(migrations: readonly Script[]): Step[] {
  return migrations.flatMap(({ name, script }) => {
    const statements = statementsOf(script);
    const created = new Set(statements.map((text) => creation.exec(text)?.[1]));
    const [, unneededSince] = /-- contract: unneeded since (\S+)/.exec(script) ?? [];
    const steps = statements.flatMap((text) => {
      const table = (tableOf.exec(text) ?? []).slice(1).find(Boolean);
      const owned = created.has(table) ? 'its own table' : 'an existing table';
      const about = table ? owned : 'something else';
      return clausesOf(text).map(
        (clause) => ({ migration: name, text: clause, about, unneededSince }) as const,
      );
    });
    const alterations = steps.filter(
      ({ text, about }) => about === 'an existing table' && text.startsWith('alter '),
    ).length;
    return steps.map((step) => ({ ...step, alterations }));
  });
}

/** Quoted texts are emptied, so that nothing in them looks like SQL. */
const quotedOrSpace = /(\$\w*\$)[^]*?\1|'(?:[^']|'')*'|--[^\n]*|\/\*[^]*?\*\/|\s+/g;

function statementsOf(script: string): string[] {
  return script
    .replaceAll(quotedOrSpace, (found, dollar?: string) => {
      if (dollar) return '$$';
      return found.startsWith("'") ? "''" : ' ';
    })
    .toLowerCase()
    .replaceAll(/ +/g, ' ')
    .split(';')
    .map((statement) => statement.trim())
    .filter(Boolean);
}

/** `alter table a x, y` as `alter table a x` and `alter table a y`; any other statement as it is. */
function clausesOf(statement: string): string[] {
  const [, head, actions] =
    new RegExp(`^(alter table(?: if exists)?(?: only)? ${identifier}) (.*)$`).exec(statement) ?? [];
  if (head === undefined || actions === undefined) return [statement];
  let depth = 0;
  const clauses = [''];
  for (const character of actions) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) clauses.push('');
    else clauses[clauses.length - 1] += character;
  }
  return clauses.map((clause) => `${head} ${clause.trim()}`);
}
