import { z } from 'zod';

/** What pino writes, as far as it is shown. */
const record = z.object({
  level: z.number(),
  time: z.number(),
  msg: z.string().optional(),
  context: z.string().optional(),
  err: z
    .object({
      message: z.string().optional(),
      stack: z.string().optional(),
      code: z.union([z.string(), z.number()]).optional(),
    })
    .optional(),
  req: z.object({ method: z.string(), path: z.string() }).optional(),
  res: z.object({ statusCode: z.number() }).optional(),
});

/** Nest's account of its own start, a line for each module and route: nothing that went wrong is among them. */
const bootContexts = ['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory', 'NestApplication'];
/** Of a service that is away: where in the program that was noticed tells nobody anything. */
const away = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|57P0[123])$/;
const warning = 40;
const error = 50;

/**
 * A line of a process's output as a person reads it: `12:00:01 worker   what happened`. A JSON record becomes
 * its message; what is no record is kept as it is. Undefined when there is nothing worth showing.
 */
export function readableLine(app: string, line: string, now = new Date()): string | undefined {
  const parsed = record.safeParse(json(line));
  if (!parsed.success) return line.trim() === '' ? undefined : lineOf(app, line, now);
  const { level, time, msg = '', context = '', err, req, res } = parsed.data;
  if (level < warning && bootContexts.includes(context)) return undefined;
  // A page that polls would push everything else out of sight.
  if (level < warning && res && res.statusCode < 400) return undefined;
  const severity = level >= error ? 'ERROR ' : level >= warning ? 'WARN ' : '';
  const request = req && res ? ` (${req.method} ${req.path} ${res.statusCode})` : '';
  const stack = level >= error && err?.stack && !away.test(String(err.code)) ? `\n${err.stack}` : '';
  return lineOf(app, `${severity}${msg}${request}${reasonIn(msg, err)}${stack}`, new Date(time));
}

/** The message of a record that tells of an error, with its reason. */
export function errorIn(line: string): string | undefined {
  const parsed = record.safeParse(json(line));
  if (!parsed.success || parsed.data.level < error) return undefined;
  const { msg = '', err } = parsed.data;
  return msg + reasonIn(msg, err);
}

/** A line in the same layout. */
export function lineOf(app: string, text: string, now = new Date()): string {
  return `${now.toTimeString().slice(0, 8)} ${app.padEnd(8)} ${text}`;
}

const reasonIn = (msg: string, err: z.infer<typeof record>['err']): string =>
  err?.message && !msg.includes(err.message) ? `: ${err.message}` : '';

function json(line: string): unknown {
  try {
    return line.startsWith('{') ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}
