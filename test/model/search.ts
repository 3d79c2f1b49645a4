import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Variant } from './variants.ts';

const execute = promisify(execFile);

export interface Finding {
  /** `holds`, the name of what is violated, or what else went wrong. */
  readonly result: string;
  readonly states: number;
  readonly seconds: number;
}

/** The claim of each model about endless runs; Spin tells of such a run without naming it. */
const claims = { delivery: 'I4', outbox: 'ALL' };
const memoryMb = 6_000;

/** @throws Error when Spin or a C compiler is missing */
export async function requireSpin(): Promise<void> {
  try {
    await execute('spin', ['-V']);
    await execute('gcc', ['--version']);
  } catch {
    throw new Error('The models need Spin and a C compiler: apt-get install spin gcc libc6-dev');
  }
}

/** Has Spin write a verifier for this variant, compiles it and lets it look at every state there is. */
export async function search(variant: Variant, depth = 2_000_000): Promise<Finding> {
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-model-'));
  try {
    const began = performance.now();
    const run = async (command: string, ...args: string[]) =>
      (await execute(command, args, { cwd: folder, maxBuffer: 2 ** 26 })).stdout;
    const flags = [...variant.flags, ...(variant.endless ? ['LIVENESS'] : [])].map((flag) => `-D${flag}`);
    await run('spin', '-a', ...flags, join(import.meta.dirname, `${variant.model}.pml`));
    // What fails does so at once; only a search that goes on to the end is worth an optimising compiler.
    const optimised = variant.expected === 'holds' ? '-O2' : '-O0';
    const kind = variant.endless ? ['-DNFAIR=4'] : ['-DSAFETY', '-DNOCLAIM'];
    const compiled = [...kind, '-DCOLLAPSE', '-DVECTORSZ=2048', `-DMEMLIM=${memoryMb}`];
    await run('gcc', optimised, '-w', ...compiled, '-o', 'pan', 'pan.c');
    const searched = [`-m${depth}`, '-w20', ...(variant.endless ? ['-a', '-f'] : [])];
    const report = await run(join(folder, 'pan'), ...searched);
    return { ...read(report, variant), seconds: (performance.now() - began) / 1000 };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function read(report: string, { model }: Variant): Pick<Finding, 'result' | 'states'> {
  const states = Number(/([\d.e+]+) states, stored/.exec(report)?.[1] ?? Number.NaN);
  const violated = /assertion violated (\S+) \(at/.exec(report)?.[1];
  if (violated) return { result: violated, states };
  if (/^pan:\d+: acceptance cycle/m.test(report)) return { result: claims[model], states };
  const complete =
    report.includes('errors: 0') && !/max search depth|not completed|MEMLIM|aborted/.test(report);
  if (complete && states > 0) return { result: 'holds', states };
  return { result: /^(?:pan:\d+|error): .*/m.exec(report)?.[0] ?? 'incomplete', states };
}
