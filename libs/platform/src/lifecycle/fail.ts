import { ConfigurationError } from '../config/index.ts';
import { ServiceAway } from '../services/index.ts';

/** Ends the process over an error: a line for each bad setting or a service that is away, else what went wrong. */
export function fail(error: unknown): never {
  const misconfigured = error instanceof ConfigurationError;
  const lines = misconfigured ? error.lines : [describe(error)];
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exit(misconfigured ? ConfigurationError.exitCode : 1);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ServiceAway) return error.message;
  const {
    code,
    port,
    variable = 'PORT',
  } = error as NodeJS.ErrnoException & { port?: number; variable?: string };
  if (code === 'EADDRINUSE')
    return `${variable}: ${port} is taken by another program; set ${variable} to a free one.`;
  return error.stack ?? error.message;
}
