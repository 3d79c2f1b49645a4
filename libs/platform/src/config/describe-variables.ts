import { isSecret, variables } from './variables.ts';

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

/** The page `docs/configuration.md`. */
export const configurationPage = (): string => `# Configuration

Every process reads its settings from environment variables, checks all of them before anything starts, and stops
with a line for each bad one. This page is generated from the schema (\`npm run docs\`).

${describeVariables()}
`;
