import { parseArgs } from 'node:util';
import { startBinanceServer, type BinanceServer } from './server.ts';

const USAGE =
  'usage: npm run replay -- <file>... | --sample [--speed 60] [--port 9443] [--symbol BTCUSDT] [--loop] [--now]';
const PROGRESS_MS = 3_000;

interface Arguments {
  files: string[] | undefined;
  speed: number;
  port: number;
  symbol: string | undefined;
  loop: boolean;
  now: boolean;
}

/** Reads the command line; what is wrong with it is thrown as one sentence. */
function readArguments(): Arguments {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      speed: { type: 'string', default: '1' },
      port: { type: 'string', default: '9443' },
      symbol: { type: 'string' },
      sample: { type: 'boolean', default: false },
      loop: { type: 'boolean', default: false },
      now: { type: 'boolean', default: false },
    },
  });
  if (values.sample === positionals.length > 0)
    throw new Error('name a recording, or --sample for the short one');
  const speed = Number(values.speed);
  if (!(speed > 0)) throw new Error(`--speed takes a number above 0, not "${values.speed}"`);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port takes a port, not "${values.port}"`);
  const { symbol, sample, loop, now } = values;
  return { files: sample ? undefined : positionals, speed, port, symbol, loop, now };
}

async function main(): Promise<void> {
  let given: Arguments;
  try {
    given = readArguments();
  } catch (error) {
    fail(`${sentenceOf(error)} (${USAGE})`);
    return;
  }
  const { files, now, ...rest } = given;
  let server: BinanceServer;
  try {
    server = await startBinanceServer({ ...rest, recording: files, startOnConnection: !now });
  } catch (error) {
    fail(sentenceOf(error));
    return;
  }
  introduce(server, given);
  if (now) server.start();
  await playUntilStopped(server, given);
  await server.close();
}

function introduce(server: BinanceServer, { speed, loop, now }: Arguments): void {
  const symbols = [...new Set(server.trades.map((trade) => trade.symbol))].join(', ');
  const length = (server.trades.at(-1)!.time - server.trades[0]!.time) / 1000;
  console.log(
    `${server.trades.length} trades of ${symbols}: ${duration(length)} of market in ${duration(length / speed)}${loop ? ', again and again' : ''}.`,
  );
  console.log(`BINANCE_WS_URL=${server.wsUrl}\nBINANCE_REST_URL=${server.restUrl}`);
  console.log(
    `Start Tocsin with these two set and a TOCSIN_DATA_DIR of its own (the ids start anew with each replay); ` +
      (now ? 'the replay is running.' : 'the replay begins when it connects.'),
  );
}

/** Says how far the replay is until Ctrl-C; the server goes on answering when the recording has ended. */
async function playUntilStopped(server: BinanceServer, { loop }: Arguments): Promise<void> {
  const progress = setInterval(() => {
    const { played, connections } = server.stats;
    if (played === 0 && connections === 0) return;
    const of = loop ? `lap ${Math.floor(played / server.trades.length) + 1}` : `of ${server.trades.length}`;
    console.log(`${played} trades played (${of}), ${server.stats.subscriptions.length} connected`);
  }, PROGRESS_MS);
  let stopping = false;
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const ended = server.finished.then(() => {
    if (stopping) return;
    clearInterval(progress);
    console.log('The recording has ended; REST goes on answering. Ctrl-C stops the server.');
  });
  await Promise.race([stopped, ended.then(() => stopped)]);
  stopping = true;
  clearInterval(progress);
}

function duration(seconds: number): string {
  const rounded = Math.round(seconds);
  return rounded < 120 ? `${rounded} s` : `${Math.floor(rounded / 60)} min ${rounded % 60} s`;
}

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message.includes('EADDRINUSE')) return `${error.message}: choose another --port`;
  if (error.message.startsWith('ENOENT')) return error.message.replace(/^ENOENT: (.*), open (.*)$/, '$1: $2');
  return error.message.split('\n', 1)[0] ?? '';
}

function fail(sentence: string): void {
  console.error(`replay: ${sentence}`);
  process.exitCode = 1;
}

await main();
