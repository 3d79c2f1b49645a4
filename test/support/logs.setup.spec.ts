import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { expect, it } from 'vitest';
import { loadConfig } from '#platform/config';
import { loggingModule } from '#platform/logging';
import { told } from './logs.setup.ts';

it('a line that a program logs inside of a test is searched, however little it matters', async () => {
  const config = loadConfig({ LOG_LEVEL: 'trace' });
  await Test.createTestingModule({ imports: [loggingModule(config, 'test')] }).compile();
  const logger = new Logger('Test');
  logger.verbose({ symbol: 'BTC-USD' });
  logger.verbose({ who: 'ada@example.org' });
  expect(told.splice(0)).toEqual([expect.stringContaining('"who":"ada@example.org"')]);
});
