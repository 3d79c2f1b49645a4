import { join } from 'node:path';
import { freePorts } from '../support/free-ports.ts';
import type { Ground } from './ground.ts';
import type { MailServers } from './post-office/mail-servers.ts';
import { type Ending, Supervised } from './supervised.ts';

/** Names of worker slots, each with what runs there; the name is its role in Postgres too. */
export const workerSlots: Readonly<Record<string, string>> = {
  sender_1: 'delivery',
  sender_2: 'delivery',
  sender_3: 'delivery',
  sender_4: 'delivery',
  keeper_1: 'relay,schedule',
  keeper_2: 'relay,schedule,delivery',
};
export const apiSlots = ['api_1', 'api_2'] as const;

/** The processes of an installation. */
export interface Fleet {
  readonly workers: readonly Supervised[];
  /** Those that hand over. */
  readonly senders: readonly Supervised[];
  readonly apis: readonly Supervised[];
  /** Of each api. */
  readonly urls: ReadonlyMap<Supervised, string>;
  readonly endings: readonly Ending[];
  end(): void;
}

/** Starts everything and waits until it is ready. */
export async function startFleet(ground: Ground, mail: MailServers): Promise<Fleet> {
  const endings: Ending[] = [];
  const run = (name: string, app: 'api' | 'worker', more: Record<string, string>): Supervised => {
    const environment = { ...ground.variables(name), ...more };
    const log = join(ground.folder, 'logs', `${name}.log`);
    const program = new Supervised(name, ground.program(app), environment, log);
    program.onEnd = (ending) => void endings.push(ending);
    return program;
  };
  const workers = Object.entries(workerSlots).map(([name, WORKER_ROLES]) => {
    const worker = run(name, 'worker', { WORKER_ROLES, SMTP_URL: `smtp://127.0.0.1:${mail.ports[name]}` });
    worker.onPid = (pid) => mail.servesWorker(name, pid);
    return worker;
  });
  const ports = await freePorts(apiSlots.length);
  const urls = new Map<Supervised, string>();
  for (const [index, name] of apiSlots.entries()) {
    const PORT = String(ports[index]);
    const api = run(name, 'api', { PORT, SMTP_URL: 'smtp://127.0.0.1:9' });
    urls.set(api, `http://127.0.0.1:${PORT}`);
  }
  const apis = [...urls.keys()];
  const all = [...workers, ...apis];
  process.once('exit', () => all.forEach((one) => one.end()));
  for (const one of all) one.start();
  await Promise.all(all.map((one) => one.untilReady()));
  return {
    workers,
    senders: workers.filter(({ name }) => workerSlots[name]?.includes('delivery')),
    apis,
    urls,
    endings,
    end: () => all.forEach((one) => one.end()),
  };
}
