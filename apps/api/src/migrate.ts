import { loadConfig } from '#platform/config';
import { fail } from '#platform/lifecycle';
import { migrate } from '#platform/persistence';
import { waitForPostgres } from '#platform/services';
import { contexts } from './api.module.ts';

try {
  const config = loadConfig(process.env);
  await waitForPostgres(config);
  const applied = await migrate(config, contexts);
  process.stdout.write(
    applied.length > 0 ? `Applied ${applied.join(', ')}.\n` : 'The database is up to date.\n',
  );
} catch (error) {
  fail(error);
}
