import { type PostgresServer, startPostgres } from '#platform/postgres-server';
import { Backoff } from './backoff.ts';
import { endedText } from './last-words.ts';
import { lineOf } from './log-line.ts';
import type { Print } from './program.ts';

/** The Postgres of the data folder, kept running on the port it had first: the other processes know only that. */
export class Database {
  private readonly backoff = new Backoff();
  private server: PostgresServer | undefined;
  private starting: Promise<unknown> = Promise.resolve();
  private restart: NodeJS.Timeout | undefined;
  private stopping = false;

  constructor(
    private readonly dataDir: string,
    private readonly print: Print,
  ) {}

  /** Returns the URL for the other processes. */
  async start(): Promise<string> {
    const { url } = await this.launch(0);
    return url;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.restart);
    await this.starting.catch(() => {});
    await this.server?.stop();
  }

  private async launch(port: number): Promise<PostgresServer> {
    const starting = startPostgres({ dataDir: this.dataDir, port, durable: true });
    this.starting = starting;
    const server = await starting;
    const began = performance.now();
    this.server = server;
    void server.exited.then(({ how, words }) => {
      this.server = undefined;
      this.launchAgain(server.port, performance.now() - began, how, words);
    });
    return server;
  }

  private launchAgain(port: number, aliveMs: number, how: string, words?: string): void {
    if (this.stopping) return;
    const delayMs = this.backoff.delayMs(aliveMs);
    this.print(lineOf('postgres', endedText(how, words, this.backoff.inARow, delayMs)));
    this.restart = setTimeout(() => {
      this.launch(port).catch((error: unknown) =>
        this.launchAgain(port, 0, 'it did not start', reasonOf(error)),
      );
    }, delayMs);
  }
}

/** Of an error that ends with the log of the server, what says why. */
function reasonOf(error: unknown): string {
  const [first = '', ...log] = (error instanceof Error ? error.message : String(error)).split('\n');
  const fatal = log.map((line) => /(FATAL|PANIC): .*/.exec(line)?.[0]).findLast((line) => line !== undefined);
  return (fatal ?? (log.join(' ') || first)).slice(0, 200);
}
