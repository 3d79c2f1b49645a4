import { variables } from './variables.ts';
import { isSecret } from './load-config.ts';

/** The table of variables in `docs/configuration.md`, generated so that it cannot drift from the schema. */
export function describeVariables(): string {
  const rows = Object.entries(variables.shape).map(([name, schema]) => {
    const { absent } = schema.meta() ?? {};
    const parsed = schema.safeParse(undefined);
    const fallback = typeof absent === 'string' ? absent : `\`${String(parsed.data)}\``;
    const meaning = isSecret(name) ? `${schema.description} Also as \`${name}_FILE\`.` : schema.description;
    return `| \`${name}\` | ${meaning} | ${fallback} |`;
  });
  return ['| variable | meaning | when absent |', '|---|---|---|', ...rows].join('\n');
}
