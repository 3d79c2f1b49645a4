/**
 * Who may import whom: one named rule for each line of the design's import rules, and the rules without which
 * those would be silent. `test/architecture/imports.spec.ts` proves that each fires on a planted violation.
 *
 * `$1` in a `to` is the first group of its `from`: the context that the importing file belongs to.
 */
const CONTEXT = '^libs/(?!kernel/|platform/)([^/]+)/src/';
const SPEC = '\\.spec\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'kernel-imports-nothing',
      comment: 'Everything stands on the kernel, so whatever it imported everything would depend on.',
      severity: 'error',
      from: { path: '^libs/kernel/', pathNot: SPEC },
      to: { pathNot: ['^libs/kernel/src/', '^(node:)?crypto$', '^(apps|test)/', SPEC] },
    },
    {
      name: 'platform-knows-no-business',
      comment:
        'The platform serves every context and therefore knows none: of libs it imports the kernel only.',
      severity: 'error',
      from: { path: '^libs/platform/' },
      to: { path: '^libs/', pathNot: '^libs/(platform/src/|kernel/src/index\\.ts$)' },
    },
    {
      name: 'kernel-and-platform-by-their-doors',
      comment: 'A file behind an index.ts is free to move; import `#kernel` or `#platform/<folder>`.',
      severity: 'error',
      from: { path: CONTEXT, pathNot: `${CONTEXT}(contracts|domain)/` },
      to: {
        path: '^libs/(kernel|platform)/',
        pathNot: ['^libs/kernel/src/index\\.ts$', '^libs/platform/src/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'apps-import-doors',
      comment:
        'An app only composes: it takes modules from the index of a context, helpers from the platform, and ' +
        'nothing from another app.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: {
        path: '^(apps|libs)/',
        pathNot: ['^apps/$1/', '^libs/[^/]+/src/index\\.ts$', '^libs/platform/src/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'contexts-meet-at-contracts',
      comment:
        'A context shows its peers its contracts and nothing else: import `#libs/<context>/contracts`.',
      severity: 'error',
      from: { path: CONTEXT, pathNot: `${CONTEXT}(contracts|domain)/` },
      to: {
        path: '^libs/(?!kernel/|platform/)',
        pathNot: ['^libs/$1/', '^libs/[^/]+/src/contracts/index\\.ts$'],
      },
    },
    {
      name: 'contracts-import-the-kernel-only',
      comment:
        'Peers compile against contracts, so nothing that a context may want to change stands in them. Of npm ' +
        'only @nestjs/cqrs, whose Query<R> and Command<R> carry the type of the answer.',
      severity: 'error',
      from: { path: `${CONTEXT}contracts/`, pathNot: SPEC },
      to: {
        pathNot: [
          '^libs/$1/src/contracts/',
          '^libs/kernel/src/index\\.ts$',
          'node_modules/@nestjs/cqrs/',
          // These have rules of their own.
          '^(apps|test)/',
          SPEC,
        ],
      },
    },
    {
      name: 'domain-imports-domain-contracts-and-kernel',
      comment: 'The rules of the business depend on no use case, no database and no transport.',
      severity: 'error',
      from: { path: `${CONTEXT}domain/` },
      to: { path: '^libs/', pathNot: ['^libs/$1/src/(domain|contracts)/', '^libs/kernel/src/index\\.ts$'] },
    },
    {
      name: 'domain-without-npm',
      comment:
        'Rules that outlive frameworks do not mention them; exact decimals (big.js) are the exception.',
      severity: 'error',
      from: { path: `${CONTEXT}domain/`, pathNot: SPEC },
      to: { path: 'node_modules', pathNot: 'node_modules/(@types/)?big\\.js/' },
    },
    {
      name: 'domain-without-io',
      comment:
        'A rule that reads a file, a socket or the clock of the machine cannot be tested by its values.',
      severity: 'error',
      from: { path: `${CONTEXT}domain/`, pathNot: SPEC },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'features-and-persistence-know-no-transport',
      comment: 'A use case is the same from HTTP, gRPC, a job or a test; its doors import it, never it them.',
      severity: 'error',
      from: { path: `${CONTEXT}(features|persistence)/`, pathNot: SPEC },
      to: {
        path: [
          '^libs/$1/src/(http|grpc|jobs)/',
          'node_modules/(fastify|@fastify/[^/]+|@nestjs/(swagger|platform-[^/]+))/',
        ],
      },
    },
    {
      name: 'libs-never-import-apps',
      comment: 'Apps compose libraries; a library that knows its app cannot be composed by another.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'only-tests-import-tests',
      comment: 'What runs in production must not need the test tree, which the image leaves out.',
      severity: 'error',
      from: { pathNot: ['^test/', SPEC] },
      to: { path: '^test/', pathNot: SPEC },
    },
    {
      name: 'nobody-imports-a-spec',
      comment: 'Importing a spec runs its tests a second time; shared helpers belong in a file of their own.',
      severity: 'error',
      from: {},
      to: { path: SPEC },
    },
    {
      name: 'no-cycle',
      comment:
        'Files in a cycle can only be understood, tested and loaded together; that holds for types too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphan',
      comment: 'A file that imports nothing and that nobody imports is dead.',
      severity: 'error',
      // Read by a tool, by a browser, by Node before a program.
      from: {
        orphan: true,
        pathNot: ['\\.config\\.ts$', '^(apps|libs)/.+/page/', '^apps/embedded/src/end-with-supervisor\\.ts$'],
      },
      to: {},
    },
    {
      name: 'no-unresolvable',
      comment: 'No rule looks at an import that cannot be resolved, so a wrong alias would silence them all.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-undeclared-package',
      comment: 'A package that only another one asked for disappears with an update: declare it.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-deprecated-package',
      comment: 'Its authors say not to use it.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['deprecated'] },
    },
    {
      name: 'no-dev-dependency-in-production',
      comment: 'The image is installed without devDependencies: a value imported from one fails at start.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: SPEC },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|test/support/client)/' },
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    // The same conditions as tsconfig.json and vitest.config.ts: `source` maps package.json's imports to libs/.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'require', 'node', 'default', 'types'],
      mainFields: ['main', 'types'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};
