import { defineConfig } from 'vitest/config';

const source = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source'] } } };
/** Where programs run inside of the tests, what they log is searched for secrets. */
const setupFiles = ['test/support/logs.setup.ts'];

// Its imports are written for bundlers.
const server = { deps: { inline: ['@protontech/jsmimeparser'] } };

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
          include: ['{libs,apps,docker,test/support,test/chaos}/**/*.spec.ts'],
          exclude: ['**/*.{int,long,servers,servers-long}.spec.ts'],
          maxWorkers: 3,
          // Of tests that say so; they wait for sockets.
          maxConcurrency: 15,
          server,
        },
      },
      {
        ...source,
        test: {
          name: 'integration',
          setupFiles,
          include: ['libs/**/*.int.spec.ts', 'test/e2e/**/*.spec.ts'],
          globalSetup: ['test/support/postgres.setup.ts'],
          hookTimeout: 60_000,
          testTimeout: 30_000,
          maxWorkers: 3,
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
          exclude: ['**/*.{long,servers,servers-long}.spec.ts'],
          hookTimeout: 120_000,
          testTimeout: 120_000,
          maxWorkers: 3,
        },
      },
      {
        ...source,
        test: {
          // On Postgres and Redis from Debian's packages: what needs a Redis, and what must hold on both.
          name: 'servers',
          setupFiles,
          include: [
            '{libs,test}/**/*.servers.spec.ts',
            'libs/{platform/src/messaging,delivery/src/jobs}/*.int.spec.ts',
          ],
          globalSetup: ['test/support/servers.setup.ts'],
          hookTimeout: 120_000,
          testTimeout: 120_000,
          maxWorkers: 3,
        },
      },
      {
        ...source,
        test: {
          // The counts and minutes that would be too much for every change.
          name: 'servers-long',
          setupFiles,
          include: [
            'test/journeys/{two-apis,killed-migration,*-outage}.servers.spec.ts',
            'test/faults/*.servers.spec.ts',
            'test/journeys/recorded-trades.spec.ts',
            'test/e2e/{sessions,solicited-mails}.spec.ts',
            'libs/delivery/src/channels/email/headers.spec.ts',
            '{libs,test}/**/*.servers-long.spec.ts',
          ],
          globalSetup: ['test/support/servers.setup.ts'],
          env: { TEST_SCALE: 'full' },
          server,
          hookTimeout: 120_000,
          testTimeout: 900_000,
          fileParallelism: false,
        },
      },
      {
        ...source,
        test: { name: 'deploy', include: ['test/deploy/**/*.spec.ts'], hookTimeout: 120_000 },
      },
      {
        ...source,
        test: {
          name: 'long',
          setupFiles,
          include: ['{libs,test}/**/*.long.spec.ts'],
          hookTimeout: 120_000,
          testTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
