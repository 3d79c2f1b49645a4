import { loadConfig } from '#platform/config';
import { fail } from '#platform/lifecycle';
import { migrate } from '#platform/persistence';
import { contexts } from './api.module.ts';

try {
  const applied = await migrate(loadConfig(process.env), contexts);
  process.stdout.write(
    applied.length > 0 ? `Applied ${applied.join(', ')}.\n` : 'The database is up to date.\n',
  );
} catch (error) {
  fail(error);
}
