import { type Config, isLoopback } from '#platform/config';
import { type Check, failed, type Finding, ok, warn } from './finding.ts';

/** Every variable that is bad or missing, and what is allowed but may not be what was meant. */
export const configuration = (config: Config, problems: readonly string[]): Check => ({
  subject: 'configuration',
  look: () => {
    const bad = problems.map((line, index) =>
      failed(
        line,
        ...(index < problems.length - 1 ? [] : ['docs/configuration.md describes each variable.']),
      ),
    );
    return [...(bad.length > 0 ? bad : [complete(config)]), ...node(), ...doubts(config)];
  },
});

function complete({ embedded, databaseUrl }: Config): Finding {
  if (!embedded) return ok('server profile, complete');
  return ok(databaseUrl === null ? 'embedded profile' : 'embedded profile, on the Postgres of DATABASE_URL');
}

function node(): Finding[] {
  const { node: version } = process.versions;
  if (Number.parseInt(version, 10) >= 24) return [ok(`Node ${version}`)];
  return [warn(`Node ${version} is older than what Tocsin is tested on`, 'Use Node 24 or newer.')];
}

function doubts(config: Config): Finding[] {
  const { embedded, host, publicUrl, redisUrl, corsOrigins, trustProxy, emailVerification } = config;
  const found: (Finding | false)[] = [
    !embedded &&
      redisUrl === null &&
      warn(
        'REDIS_URL is not set: lists are cached and requests are counted in the memory of each api',
        'Run one api only, or set REDIS_URL.',
      ),
    !embedded &&
      isLoopback(new URL(publicUrl).hostname) &&
      warn('PUBLIC_URL leads to this machine only', 'Set it to where people reach the api.'),
    publicUrl.startsWith('https:') &&
      trustProxy === false &&
      warn(
        'PUBLIC_URL is https, so there is a proxy in front, and TRUST_PROXY is not set: limits count all people as one',
        'Set TRUST_PROXY to the number of proxies, or to their addresses.',
      ),
    emailVerification === 'off' &&
      !isLoopback(host) &&
      warn(
        'EMAIL_VERIFICATION is off and HOST is no loopback address: whoever reaches the api can have mails sent to any address',
        'Let only people reach it whom you trust.',
      ),
    corsOrigins.includes('*') &&
      warn('CORS_ORIGINS lets the pages of every site call the api', 'Name the sites that need it.'),
  ];
  return found.filter((finding) => finding !== false);
}
