import { createPrivateKey, type KeyObject } from 'node:crypto';
import { isLoopback } from './formats.ts';
import type { Variables } from './variables.ts';

/** A provider of e-mail. */
export interface MailServer {
  /** Its host, as logs and metrics name it; with the port where both providers are on one host. */
  readonly name: string;
  readonly url: string;
  /** `required`: nothing is said in clear beyond the wish to encrypt. `opportunistic`: encrypted where it is offered. */
  readonly tls: 'required' | 'opportunistic';
  /** Whether its certificate must be good. */
  readonly verified: boolean;
  /** Messages a second that all workers together hand over; null for any number. */
  readonly rate: number | null;
}

/** What mails are signed with. */
export interface DkimKey {
  readonly domain: string;
  readonly selector: string;
  readonly key: KeyObject;
}

type Env = Pick<
  Variables,
  | 'SMTP_URL'
  | 'SMTP_FALLBACK_URL'
  | 'SMTP_RATE_LIMIT'
  | 'SMTP_FALLBACK_RATE_LIMIT'
  | 'SMTP_TLS'
  | 'MAILBOX_SMTP_PORT'
>;

/** The providers in order of preference, or the development inbox where none is named. */
export function mailServers(env: Env): readonly MailServer[] {
  const first = env.SMTP_URL ?? `smtp://127.0.0.1:${env.MAILBOX_SMTP_PORT}`;
  const urls = [first, ...(env.SMTP_FALLBACK_URL === undefined ? [] : [env.SMTP_FALLBACK_URL])];
  const oneHost = new Set(urls.map((url) => new URL(url).hostname)).size < urls.length;
  const rates = [env.SMTP_RATE_LIMIT, env.SMTP_FALLBACK_RATE_LIMIT];
  return urls.map((url, index) => {
    const { host, hostname } = new URL(url);
    const tls = policyFor(url, env.SMTP_TLS);
    const verified = tls === 'required' || hasPassword(url);
    return { name: oneHost ? host : hostname, url, tls, verified, rate: rates[index] ?? null };
  });
}

function policyFor(url: string, wanted: Variables['SMTP_TLS']): MailServer['tls'] {
  if (url.startsWith('smtps:')) return 'required';
  return wanted ?? (needsTls(url) ? 'required' : 'opportunistic');
}

/** A password must not be overheard; on this machine nobody is in between. */
const needsTls = (url: string): boolean => hasPassword(url) && !isLoopback(new URL(url).hostname);

const hasPassword = (url: string): boolean => {
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
};

/** Null where mails are not signed; whatever is wrong with the variables is for {@link mailFaults} to say. */
export function dkimKey({ DKIM_DOMAIN, DKIM_SELECTOR, DKIM_PRIVATE_KEY }: Variables): DkimKey | null {
  if (DKIM_DOMAIN === undefined || DKIM_SELECTOR === undefined || DKIM_PRIVATE_KEY === undefined) return null;
  return { domain: DKIM_DOMAIN, selector: DKIM_SELECTOR, key: createPrivateKey(DKIM_PRIVATE_KEY) };
}

/** What is wrong with variables that are right one by one. */
export function mailFaults(servers: readonly MailServer[], given: ReadonlySet<string>): string[] {
  const faults = dkimFaults(given);
  if (given.has('SMTP_FALLBACK_URL') && !given.has('SMTP_URL')) {
    faults.push('SMTP_FALLBACK_URL: is for where SMTP_URL is set');
  } else if (new Set(servers.map(({ name }) => name)).size < servers.length) {
    faults.push('SMTP_FALLBACK_URL: must be another server than SMTP_URL');
  }
  if (servers.some(({ url, tls }) => tls === 'opportunistic' && needsTls(url))) {
    faults.push('SMTP_TLS: cannot be opportunistic where a password goes to another machine');
  }
  return faults;
}

function dkimFaults(given: ReadonlySet<string>): string[] {
  const names = ['DKIM_DOMAIN', 'DKIM_SELECTOR', 'DKIM_PRIVATE_KEY'];
  const [first] = names.filter((name) => given.has(name));
  if (first === undefined) return [];
  return names.filter((name) => !given.has(name)).map((name) => `${name}: is required with ${first}`);
}
