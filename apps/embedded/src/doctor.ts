import { ConfigurationError, readConfig } from '#platform/config';
import { print } from './command.ts';
import { configuration } from './doctor/configuration.ts';
import { dataFolder } from './doctor/data-folder.ts';
import { examine } from './doctor/finding.ts';
import { mail } from './doctor/mail.ts';
import { market } from './doctor/market.ts';
import { ports } from './doctor/ports.ts';
import { lookAtDatabase, postgres } from './doctor/postgres.ts';
import { redis } from './doctor/redis.ts';
import { waiting } from './doctor/waiting.ts';
import { wantedPorts } from './ports.ts';

/**
 * `npm run doctor`: looks at the configuration and at what it names, changes nothing, and says what to do. Ends with
 * 0 when nothing failed, with 78 when a variable is bad, else with 1.
 */
const { config, problems } = readConfig(process.env);
const database = lookAtDatabase(config);
// Whoever awaits it says so.
database.catch(() => undefined);

const counts = await examine(
  [
    configuration(config, problems),
    ...(config.embedded ? [dataFolder(config)] : []),
    ports(config, wantedPorts(config)),
    postgres(database),
    waiting(database),
    redis(config),
    mail(config),
    market(config),
  ],
  print,
);
print('');
print(`${counts.FAIL} failed, ${counts.warn} to think about, ${counts.ok} well.`);
// Not by its own end: what did not answer may still be waited for.
process.exit(problems.length > 0 ? ConfigurationError.exitCode : counts.FAIL > 0 ? 1 : 0);
