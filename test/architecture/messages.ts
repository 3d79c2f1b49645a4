import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** The decorators that register a class for a message. */
const registrations = new Set([
  'CommandHandler',
  'QueryHandler',
  'EventsHandler',
  'ReactsTo',
  'ReactsWithin',
]);

/** A class of the tree, as far as messages are concerned. */
export interface MessageClass {
  readonly name: string;
  /** Its file, from the root of the tree, and the context that the file belongs to. */
  readonly file: string;
  readonly context: string | undefined;
  /** The message that it is, if it extends one of these. */
  readonly kind: 'Command' | 'Query' | 'DomainEvent' | undefined;
  /** `static readonly type` and `static readonly unconsumed`, when they are literal strings. */
  readonly type: string | undefined;
  readonly unconsumed: string | undefined;
  /** What it is registered for, and by which decorator. */
  readonly handles: readonly { readonly as: string; readonly message: MessageClass | undefined }[];
}

export interface Messages {
  readonly files: readonly string[];
  readonly classes: readonly MessageClass[];
  /** Every class that some module lists in its `providers`. */
  readonly provided: ReadonlySet<MessageClass>;
  /** Every `new` of a class of the tree. */
  readonly creations: readonly { readonly file: string; readonly of: MessageClass }[];
}

/**
 * Reads the messages of a tree from its sources, without running them: modules that are put together at run
 * time show only what this process's settings choose. Names are followed by the compiler through aliases and
 * re-exports, so what counts is the class and not what it is called where it is used.
 */
export function readMessages(tree: string): Messages {
  const program = compile(tree);
  const checker = program.getTypeChecker();
  const known = new Map<ts.Node, MessageClass>();
  const sources = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('/node_modules/'));
  const provided = new Set<MessageClass>();
  const creations: { file: string; of: MessageClass }[] = [];

  for (const file of sources) {
    walk(file, (node) => {
      if (ts.isClassDeclaration(node)) messageClass(node);
      if (ts.isNewExpression(node)) {
        const of = classOf(node.expression);
        if (of) creations.push({ file: pathOf(file), of });
      }
      if (ts.isPropertyAssignment(node) && node.name.getText() === 'providers') provide(node.initializer);
      if (ts.isShorthandPropertyAssignment(node) && node.name.text === 'providers') {
        follow(checker.getShorthandAssignmentValueSymbol(node));
      }
    });
  }
  return { files: sources.map(pathOf), classes: [...known.values()], provided, creations };

  function pathOf(file: ts.SourceFile): string {
    return relative(tree, file.fileName).replaceAll('\\', '/');
  }

  /** Lists written elsewhere (`const handlers = [...]`) are followed to where they are written. */
  function provide(expression: ts.Node): void {
    walk(expression, (node) => {
      if (ts.isIdentifier(node)) follow(checker.getSymbolAtLocation(node));
    });
  }

  function follow(symbol: ts.Symbol | undefined): void {
    const declaration = declarationOf(symbol);
    if (!declaration) return;
    if (ts.isClassDeclaration(declaration)) provided.add(messageClass(declaration));
    else if (ts.isVariableDeclaration(declaration) && declaration.initializer)
      provide(declaration.initializer);
  }

  function declarationOf(symbol: ts.Symbol | undefined): ts.Declaration | undefined {
    const aliased = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return aliased?.valueDeclaration;
  }

  function classOf(expression: ts.Node | undefined): MessageClass | undefined {
    const declaration = expression && declarationOf(checker.getSymbolAtLocation(expression));
    return declaration && ts.isClassDeclaration(declaration) ? messageClass(declaration) : undefined;
  }

  function messageClass(node: ts.ClassDeclaration): MessageClass {
    const found = known.get(node);
    if (found) return found;
    const file = pathOf(node.getSourceFile());
    const described = {
      name: node.name?.text ?? 'default',
      file,
      context: /^libs\/(?!kernel\/|platform\/)([^/]+)\//.exec(file)?.[1],
      kind: kindOf(node),
      type: staticText(node, 'type'),
      unconsumed: staticText(node, 'unconsumed'),
      handles: [] as { as: string; message: MessageClass | undefined }[],
    };
    known.set(node, described);
    for (const { expression } of ts.getDecorators(node) ?? []) {
      const as = ts.isCallExpression(expression) ? expression.expression.getText() : '';
      if (!ts.isCallExpression(expression) || !registrations.has(as)) continue;
      described.handles.push(...expression.arguments.map((message) => ({ as, message: classOf(message) })));
    }
    return described;
  }

  function kindOf(node: ts.ClassDeclaration): MessageClass['kind'] {
    const base = node.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types[0]
      ?.expression;
    const name = base?.getText();
    if (name === 'Command' || name === 'Query' || name === 'DomainEvent') return name;
    const declaration = base && declarationOf(checker.getSymbolAtLocation(base));
    return declaration && ts.isClassDeclaration(declaration) ? kindOf(declaration) : undefined;
  }
}

function staticText(node: ts.ClassDeclaration, name: string): string | undefined {
  for (const member of node.members) {
    if (!ts.isPropertyDeclaration(member) || member.name.getText() !== name || !member.initializer) continue;
    if (!member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword)) continue;
    return ts.isStringLiteralLike(member.initializer) ? member.initializer.text : undefined;
  }
  return undefined;
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** The sources alone: without packages and the standard library it takes a fraction of a second. */
function compile(tree: string): ts.Program {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    customConditions: ['source'],
    experimentalDecorators: true,
    noLib: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (literals, importer, _, compilerOptions) =>
    literals.map(({ text }) =>
      /^[.#]/.test(text)
        ? ts.resolveModuleName(
            text,
            importer,
            compilerOptions,
            host,
            undefined,
            undefined,
            ts.ModuleKind.ESNext,
          )
        : { resolvedModule: undefined },
    );
  const rootNames = ['apps', 'libs'].flatMap((folder) => sourcesIn(tree, folder));
  return ts.createProgram({ rootNames, options, host });
}

function sourcesIn(tree: string, folder: string): string[] {
  return readdirSync(join(tree, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
    .map((path) => join(tree, folder, path));
}
