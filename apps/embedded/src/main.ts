import { type Config, ConfigurationError, loadConfig } from '#platform/config';
import { lockFolder, openDataDir } from '#platform/data-dir';
import { finishRestore } from './backup/swap.ts';
import { lineOf } from './log-line.ts';
import { freePorts, PortsTaken, wantedPorts } from './ports.ts';
import { keptSettings } from './settings.ts';
import { Supervisor } from './supervisor.ts';
import { welcome } from './welcome.ts';

/** The processes of one that was killed are still finishing for this long. */
const patienceMs = 25_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
// A terminal that is closed must not keep us from stopping what we started.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

try {
  await main();
} catch (error) {
  const lines =
    error instanceof ConfigurationError || error instanceof PortsTaken
      ? error.lines
      : [error instanceof Error ? error.message : String(error)];
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const environment = { ...process.env, TOCSIN_PROFILE: 'embedded' };
  const wanted = loadConfig(environment);
  openDataDir(wanted.dataDir);
  const lock = lockFolder(wanted.dataDir, 'supervisor.lock');
  try {
    finishRestore(wanted.dataDir);
    const ports = await freePorts(wantedPorts(wanted)).catch((error: unknown) => {
      if (!lock.tookOver) throw error;
      print(lineOf('tocsin', 'Waiting for what is left of a start that was killed…'));
      return freePorts(wantedPorts(wanted), patienceMs);
    });
    await supervise(loadConfig({ ...environment, ...ports }));
  } finally {
    lock.release();
  }
}

/** Resolves once everything has been stopped again. */
async function supervise(config: Config): Promise<void> {
  const kept = keptSettings(config);
  const supervisor = new Supervisor(config, kept, print);
  const { promise: stopped, resolve: settle } = Promise.withResolvers<void>();
  let asked = 0;
  const stop = (): void => {
    // npm passes on the Ctrl-C that the terminal has sent us already: that is not a second one.
    if (asked && performance.now() - asked > 1000) supervisor.hurry();
    if (asked) return;
    asked = performance.now();
    print(lineOf('tocsin', 'Stopping… (Ctrl-C again does not wait for what is under way)'));
    settle(supervisor.stop());
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  if (process.env['npm_lifecycle_event']) onceOrphaned(stop);

  try {
    const { parts, announcements } = await supervisor.start();
    print(
      welcome('Tocsin is ready', [
        config.swaggerUi ? ['Swagger UI', `${config.publicUrl}/docs`] : ['API', config.publicUrl],
        ...(config.smtpUrl === null ? [['Inbox', `http://127.0.0.1:${config.mailbox.port}`] as const] : []),
        ...(kept.demo ? [['Demo account', `${kept.demo.email}  ${kept.demo.password}`] as const] : []),
        ['Data', config.dataDir],
        ...announcements.map((announcement) => ['Attention', announcement] as const),
        ['Started in', parts.map(([part, seconds]) => `${part} ${seconds}`).join(', ')],
        ['', 'Ctrl-C stops everything.'],
      ]),
    );
  } catch (error) {
    if (!asked) {
      await supervisor.stop();
      throw error;
    }
  }
  await stopped;
  print(lineOf('tocsin', 'Stopped.'));
}

/** An npm that is killed, or the shell between npm and us, which dies of npm's SIGTERM, tells nobody. */
function onceOrphaned(stop: () => void): void {
  const parent = process.ppid;
  const poll = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(poll);
    stop();
  }, 250).unref();
}
