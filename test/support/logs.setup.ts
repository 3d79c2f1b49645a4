import { TestingModuleBuilder } from '@nestjs/testing';
import { Logger, PinoLogger } from 'nestjs-pino';
import { pino } from 'pino';
import { afterAll } from 'vitest';
import { assertTellsNoSecret, tellsSecret } from './told-secrets.ts';

/**
 * What the programs of a spec log, all of it, where production writes to its standard output: nobody sees it, but a line
 * that tells a secret fails the file.
 */
export const told: string[] = [];

const log = {
  write(line: string): void {
    if (told.length < 10 && tellsSecret(line)) told.push(line);
    // Of a test that failed, these are shown.
    if (line.startsWith('{"level":50')) console.error(line);
  },
};
Object.assign(pino, { destination: () => log });

// The logger of Nest's own tests drops what a process would write.
const { compile } = TestingModuleBuilder.prototype;
TestingModuleBuilder.prototype.compile = async function (this: TestingModuleBuilder, ...options) {
  const module = await compile.apply(this, options);
  if (PinoLogger.root) module.useLogger(module.get(Logger, { strict: false }));
  return module;
};

afterAll(() => assertTellsNoSecret(told.join('')));
