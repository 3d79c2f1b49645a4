// Makes a checkout runnable: installs dependencies and builds, each only when it has to.
// Plain JavaScript without dependencies, because on a fresh clone it runs on the system's Node.
//
//   node tools/ensure.mjs          dependencies
//   node tools/ensure.mjs build    dependencies, then dist/
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const installedLock = join(root, 'node_modules', '.package-lock.json');
const builtStamp = join(root, 'dist', '.built');

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Tocsin needs Node 20 or newer; this is ${process.version} (${process.execPath}).`);
}
if (!dependenciesComplete()) installDependencies();
if (process.argv[2] === 'build') {
  const sources = hashOfSources();
  if (!existsSync(builtStamp) || readFileSync(builtStamp, 'utf8') !== sources) build(sources);
}

// npm writes node_modules/.package-lock.json as the last step of an install, so an interrupted one has none.
function dependenciesComplete() {
  if (!existsSync(installedLock)) return false;
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(installedLock);
  return (
    Object.keys(installed).every((path) => path in wanted && existsSync(join(root, path))) &&
    Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
      const found = installed[path];
      // Optional packages are left out on the platforms that they are not for.
      if (!found) return path === '' || optional;
      return found.version === version && found.integrity === integrity;
    })
  );
}

function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
  } catch (error) {
    return fail(`Cannot read ${lockfile}: ${error.message}`);
  }
}

function installDependencies() {
  // This file first: it must not be what an interruption leaves. Then all the rest, because `npm ci` has been seen
  // to stop with ENOTEMPTY over the remains of an interrupted install.
  rmSync(installedLock, { force: true });
  rmSync(join(root, 'node_modules'), { recursive: true, force: true, maxRetries: 3 });
  timed('Installing dependencies (about a minute, once)…', [
    'ci',
    '--no-audit',
    '--no-fund',
    '--include=dev',
    '--loglevel=error',
  ]);
}

function build(sources) {
  // From scratch: tsc's incremental state neither removes what lost its source nor replaces what lost its output.
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  timed('Building…', ['run', '--silent', 'build']);
  writeFileSync(builtStamp, sources);
}

function hashOfSources() {
  const files = readdirSync(root).filter((name) => /^(tsconfig.*|nest-cli|package)\.json$/.test(name));
  for (const folder of ['apps', 'libs']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && !entry.name.endsWith('.spec.ts')) {
        files.push(join(entry.parentPath ?? entry.path, entry.name).slice(root.length));
      }
    }
  }
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function timed(title, npmArguments) {
  const began = Date.now();
  process.stdout.write(`${title} `);
  const result = spawnSync('npm', npmArguments, {
    cwd: root,
    env: environmentOfTheSystem(),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    // npm is a batch file there, and only a shell starts those; no argument of ours needs quoting.
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  if (result.status === 0) {
    process.stdout.write(`${seconds} s\n`);
    return;
  }
  process.stdout.write(`failed after ${seconds} s\n`);
  if (result.error?.code === 'ENOENT')
    fail('npm was not found on the PATH; it comes with Node (https://nodejs.org).');
  // The cause comes first; npm puts a page of usage under it.
  const output = `${result.stdout}${result.stderr}`.trimEnd().split('\n').slice(0, 40).join('\n');
  fail(
    `${output}\n\`npm ${npmArguments.join(' ')}\` ended with ${result.signal ?? `exit code ${result.status}`}.`,
  );
}

// Without the node_modules/.bin that npm puts first: `npm ci` would run on a Node that it is about to delete.
function environmentOfTheSystem() {
  const environment = { ...process.env };
  const name = Object.keys(environment).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  environment[name] = (environment[name] ?? '')
    .split(delimiter)
    .filter((folder) => !/node_modules[\\/]\.bin[\\/]?$/.test(folder))
    .join(delimiter);
  return environment;
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
