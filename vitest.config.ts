import { defineConfig } from 'vitest/config';

const source = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source'] } } };

export default defineConfig({
  test: {
    reporters: ['default', './tools/closing-line.ts'],
    // What a program logs is worth reading where a test of it failed.
    silent: 'passed-only',
    projects: [
      {
        ...source,
        test: {
          name: 'unit',
          include: ['libs/**/*.spec.ts', 'apps/**/*.spec.ts', 'test/support/**/*.spec.ts'],
          exclude: ['**/*.{int,long}.spec.ts'],
        },
      },
      {
        ...source,
        test: {
          name: 'integration',
          include: ['libs/**/*.int.spec.ts', 'test/e2e/**/*.spec.ts'],
          globalSetup: ['test/support/postgres.setup.ts'],
          hookTimeout: 60_000,
          testTimeout: 30_000,
          maxWorkers: 2,
        },
      },
      {
        ...source,
        test: { name: 'architecture', include: ['test/architecture/**/*.spec.ts'], testTimeout: 60_000 },
      },
      {
        ...source,
        test: {
          name: 'journeys',
          include: ['test/journeys/**/*.spec.ts'],
          exclude: ['**/*.long.spec.ts'],
          hookTimeout: 120_000,
          testTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        ...source,
        test: {
          name: 'long',
          include: ['{libs,test}/**/*.long.spec.ts'],
          hookTimeout: 120_000,
          testTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
