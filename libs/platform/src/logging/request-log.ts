import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from 'pino';

/** What identifies a request in the log. */
interface Asked {
  readonly id: string;
  readonly method: string;
  readonly url: string;
}

const asked = new AsyncLocalStorage<Asked>();

/** What a line says of the request that is being answered; nothing outside of one. */
export function requestOfLine(): { req?: object } {
  const request = asked.getStore();
  return request ? { req: shownRequest(request) } : {};
}

/** Without the query, which may carry addresses (`?to=`). */
export const shownRequest = ({ id, method, url }: Asked) => ({ id, method, path: url.split('?')[0] });

/**
 * The line that each request gets. Its logger does not look for secrets, which costs more than a cached answer: a line
 * holds nothing that a client wrote but a path.
 */
export class RequestLog {
  constructor(private readonly lines: Logger) {}

  /** Lets every line that `answer` writes, also later, name the request. */
  during(request: Asked, answer: () => void): void {
    asked.run(request, answer);
  }

  write(level: 'debug' | 'info' | 'warn', line: object, message: string): void {
    this.lines[level](line, message);
  }
}
