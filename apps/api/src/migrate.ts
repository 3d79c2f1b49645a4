import { loadConfig } from '#platform/config';
import { migrate } from '#platform/persistence';
import { contexts } from './api.module.ts';

const applied = await migrate(loadConfig(process.env), contexts);
process.stdout.write(
  applied.length > 0 ? `Applied ${applied.join(', ')}.\n` : 'The database is up to date.\n',
);
