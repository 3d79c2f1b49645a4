import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';

// Runs scripts of package.json, as many at a time as there are cores, and shows each in one piece when it has ended:
//
//   node tools/check.ts check:types check:lint    the longest first
const limit = pLimit(availableParallelism());

await Promise.all(
  process.argv.slice(2).map((script) =>
    limit(async () => {
      const began = performance.now();
      const { passed, output } = await run(script);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      process.stdout.write(`${script} ${passed ? 'passed' : 'failed'} after ${seconds} s\n${output}`);
      if (!passed) process.exitCode = 1;
    }),
  ),
);

function run(script: string): Promise<{ readonly passed: boolean; readonly output: string }> {
  const npm = { shell: process.platform === 'win32', maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve) => {
    execFile('npm', ['run', '--silent', script], npm, (error, stdout, stderr) =>
      resolve({ passed: error === null, output: stdout + stderr }),
    );
  });
}
