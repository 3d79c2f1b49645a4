import { ConfigurationError } from '../config/index.ts';
import { ServiceAway, Unusable } from './unusable.ts';

/** A server that an installation stands on, by the variable that names it. */
export interface Service<Answer> {
  readonly variable: string;
  readonly name: string;
  /** Host and port: of a URL the part that is no secret. */
  readonly address: string;
  /** Asks it once. @throws Unusable */
  readonly ask: () => Promise<Answer>;
}

export interface Patience {
  readonly patienceMs?: number;
  /** Takes a line for the person who starts the process. */
  readonly say?: (line: string) => void;
}

export const toStderr = (line: string): void => void process.stderr.write(`${line}\n`);

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;

/**
 * What a service answers; asked again for half a minute while it may come right by itself, with a line for each
 * new reason.
 * @throws ConfigurationError when waiting cannot help
 * @throws ServiceAway when it did not
 */
export async function waitUntilUsable<Answer>(
  { variable, name, address, ask }: Service<Answer>,
  { patienceMs = 30_000, say = toStderr }: Patience = {},
): Promise<Answer> {
  const subject = `${variable}: ${name} at ${address}`;
  const end = performance.now() + patienceMs;
  let said: string | undefined;
  for (let pause = 250; ; pause = Math.min(pause * 2, 4_000)) {
    try {
      const answer = await ask();
      if (said !== undefined) say(`${subject} can be used now.`);
      return answer;
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      const { reason } = error;
      if (!error.passing) throw new ConfigurationError([`${subject} ${reason}.`]);
      const left = end - performance.now();
      if (left <= 0) {
        throw new ServiceAway(`${subject} still ${reason}; given up after ${seconds(patienceMs)}.`);
      }
      if (reason !== said) say(`${subject} ${reason}; trying again for ${seconds(left)}.`);
      said = reason;
      // Not all processes of an installation at the same moments.
      const ms = Math.min(left, pause * (0.5 + Math.random() / 2));
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }
}
