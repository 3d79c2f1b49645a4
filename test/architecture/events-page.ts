import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { type MessageClass, type Messages, readMessages } from './messages.ts';

const preamble = `# Events

Every fact that one context states and others react to, as the sources say it. This page is generated
(\`npm run docs\`), and a test compares it with the sources.

An event is an id (UUIDv7), a type, the time it happened and a payload of plain JSON. A **relayed** reaction gets it
from the outbox, at least once and in no promised order; its work and the mark that it was done commit together. An
**in-transaction** reaction runs inside the transaction that states the event, and its error rolls everything back.
`;

type TypeDeclaration = ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.VariableStatement;

/** What a contracts folder declares, by name. */
interface Declarations {
  readonly classes: ReadonlyMap<string, ts.ClassDeclaration>;
  readonly types: ReadonlyMap<string, TypeDeclaration>;
}

/** The page `docs/events.md` of a tree. */
export function eventsPage(tree: string): string {
  const messages = readMessages(tree);
  const events = messages.classes
    .filter(({ kind, context }) => kind === 'DomainEvent' && context)
    .toSorted((a, b) => (a.type ?? a.name).localeCompare(b.type ?? b.name, 'en'));
  const rows = events.map((event) => {
    const reacting = reactionsTo(event, messages).map(({ context, name }) => `${context}: \`${name}\``);
    return `| [\`${event.name}\`](#${event.name.toLowerCase()}) | ${event.context} | ${reacting.join(', ') || 'nobody'} |`;
  });
  const table = ['| event | stated by | reactions |', '|---|---|---|', ...rows].join('\n');
  return [preamble, `${table}\n`, ...events.map((event) => section(event, messages, tree))].join('\n');
}

function section(event: MessageClass, messages: Messages, tree: string): string {
  const { creations } = messages;
  const statedIn = [
    ...new Set(creations.filter(({ of }) => of === event).map(({ file }) => file)),
  ].toSorted();
  const reactions = reactionsTo(event, messages).map(
    ({ context, name, file, as }) =>
      `- ${context} \`${name}\`, ${as === 'ReactsWithin' ? 'in-transaction' : 'relayed'}: ${link(file)}`,
  );
  const declarations = declarationsIn(join(tree, dirname(event.file)));
  const declaration = declarations.classes.get(event.name);
  return [
    `## ${event.name}`,
    '',
    `\`${event.type}\``,
    '',
    ...(declaration ? [`${sentenceOf(declaration)}\n`, ...shapeOf(declaration, declarations)] : []),
    `Stated in ${statedIn.map(link).join(', ') || 'no file'}. ${reactions.length > 0 ? 'Reactions:' : `No reaction: ${event.unconsumed}`}`,
    '',
    ...reactions,
    '',
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

function reactionsTo(
  event: MessageClass,
  { classes }: Messages,
): (Pick<MessageClass, 'context' | 'name' | 'file'> & { as: string })[] {
  return classes
    .flatMap(({ context, name, file, handles }) =>
      handles.filter(({ message }) => message === event).map(({ as }) => ({ context, name, file, as })),
    )
    .toSorted((a, b) => a.file.localeCompare(b.file, 'en'));
}

const link = (file: string): string => `[${file}](../${file})`;

/** The payload and every type that it names, as they are written, without what only the compiler needs. */
function shapeOf(event: ts.ClassDeclaration, { types }: Declarations): string[] {
  const payload = event.heritageClauses?.[0]?.types[0]?.typeArguments?.[0];
  if (!payload) return [];
  const named = new Set<string>();
  const collect = (node: ts.Node): void => {
    const name = ts.isTypeReferenceNode(node) || ts.isTypeQueryNode(node) ? node.getText().split(/\W/) : [];
    for (const word of name) {
      const declaration = types.get(word);
      if (!declaration || named.has(word)) continue;
      named.add(word);
      collect(declaration);
    }
    ts.forEachChild(node, collect);
  };
  collect(payload);
  const written = [
    `type Payload = ${payload.getText()};`,
    ...[...named].map((name) => types.get(name)?.getFullText().trim() ?? ''),
  ];
  return [
    '```ts',
    written.map((text) => text.replaceAll(/\b(export|readonly) /g, '')).join('\n\n'),
    '```',
    '',
  ];
}

function sentenceOf(declaration: ts.ClassDeclaration): string {
  return ts
    .getJSDocCommentsAndTags(declaration)
    .filter(ts.isJSDoc)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '')
    .join(' ')
    .replaceAll(/\s+/g, ' ');
}

function declarationsIn(folder: string): Declarations {
  const classes = new Map<string, ts.ClassDeclaration>();
  const types = new Map<string, TypeDeclaration>();
  for (const name of readdirSync(folder).filter((file) => /(?<!\.spec)\.ts$/.test(file))) {
    const text = readFileSync(join(folder, name), 'utf8');
    for (const statement of ts.createSourceFile(name, text, ts.ScriptTarget.ES2024, true).statements) {
      if (ts.isClassDeclaration(statement) && statement.name) classes.set(statement.name.text, statement);
      if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
        types.set(statement.name.text, statement);
      }
      if (!ts.isVariableStatement(statement)) continue;
      for (const { name: declared } of statement.declarationList.declarations) {
        types.set(declared.getText(), statement);
      }
    }
  }
  return { classes, types };
}
