import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Makes `drover-VERSION-linux-ARCH.tar.gz`, which holds Node as well, for hosts that have none. What drover is made of
 * is taken as it is built here; Node comes from npm's package of it, or from an unpacked one.
 */
const USAGE = 'usage: npm run package:standalone -- [x64 | arm64]... [--node UNPACKED-PACKAGE] [--into FOLDER]';
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const MACHINES = ['x64', 'arm64'] as const;
type Machine = (typeof MACHINES)[number];
/** The newest one that the check runs. */
const NODE_MAJOR = 24;

const LAUNCHER = `#!/bin/sh
# Starts drover with the Node beside it. May be linked to: ln -s "$PWD/drover" /usr/local/bin/drover
self=$0
while [ -h "$self" ]; do
  to=$(readlink "$self")
  case $to in /*) self=$to ;; *) self=$(dirname "$self")/$to ;; esac
done
here=$(cd -P -- "$(dirname "$self")" && pwd -P) || exit 70
exec "$here/node/bin/node" "$here/lib/bin/drover.js" "$@"
`;

interface Wanted {
  readonly machines: readonly Machine[];
  /** An unpacked package of Node, or null. */
  readonly node: string | null;
  readonly into: string;
}

function wantedOf(words: readonly string[]): Wanted {
  const machines: Machine[] = [];
  let node: string | null = null;
  let into = join(ROOT, 'dist/standalone');
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const machine = MACHINES.find((each) => each === word);
    const value = words[at + 1];
    if (machine !== undefined) machines.push(machine);
    else if ((word === '--node' || word === '--into') && value !== undefined) {
      if (word === '--node') node = resolve(value);
      else into = resolve(value);
      at++;
    } else throw new Error(USAGE);
  }
  if (node !== null && machines.length !== 1) throw new Error(`--node is of one machine: name it\n${USAGE}`);
  return { machines: machines.length === 0 ? MACHINES : machines, node, into };
}

function npm(...words: readonly string[]): string {
  return execFileSync('npm', words, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

/** Fetches and unpacks npm's package of Node for a machine. */
function fetchNode(machine: Machine, scratch: string): string {
  npm('pack', `node-linux-${machine}@${NODE_MAJOR}`, '--pack-destination', scratch);
  const packed = readdirSync(scratch).find((name) => name.startsWith(`node-linux-${machine}-`));
  if (packed === undefined) throw new Error(`npm packed no node-linux-${machine}`);
  const folder = join(scratch, `node-${machine}`);
  mkdirSync(folder);
  execFileSync('tar', ['-xzf', join(scratch, packed), '-C', folder, 'package/bin/node', 'package/LICENSE']);
  return join(folder, 'package');
}

/** The files of the package, and the packages that it needs when it runs. */
function copyDrover(lib: string): void {
  const listing = JSON.parse(npm('pack', '--dry-run', '--json', '--ignore-scripts')) as Readonly<
    Record<string, { readonly files: readonly { readonly path: string }[] }>
  >;
  // An older npm gives a list, a newer one an object by package name.
  for (const { path } of Object.values(listing)[0]?.files ?? []) cpSync(join(ROOT, path), join(lib, path));
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
  };
  for (const [path, { dev, optional }] of Object.entries(lock.packages))
    if (path !== '' && dev !== true && optional !== true)
      cpSync(join(ROOT, path), join(lib, path), { recursive: true });
}

function make(machine: Machine, { node, into }: Wanted): string {
  const scratch = mkdtempSync(join(tmpdir(), 'drover-standalone-'));
  try {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
    const name = `drover-${version}-linux-${machine}`;
    const folder = join(scratch, name);
    const from = node ?? fetchNode(machine, scratch);
    cpSync(join(from, 'bin/node'), join(folder, 'node/bin/node'));
    cpSync(join(from, 'LICENSE'), join(folder, 'node/LICENSE'));
    chmodSync(join(folder, 'node/bin/node'), 0o755);
    copyDrover(join(folder, 'lib'));
    writeFileSync(join(folder, 'drover'), LAUNCHER, { mode: 0o755 });
    for (const page of ['LICENSE', 'README.md']) cpSync(join(ROOT, page), join(folder, page));
    mkdirSync(into, { recursive: true });
    const archive = join(into, `${name}.tar.gz`);
    // The same files make the same archive.
    const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '--mode=u+rwX,go=rX'];
    execFileSync('tar', [...same, '-C', scratch, '-czf', archive, name]);
    return archive;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

const wanted = wantedOf(process.argv.slice(2));
for (const machine of wanted.machines) {
  const archive = make(machine, wanted);
  const sum = createHash('sha256').update(readFileSync(archive)).digest('hex');
  process.stdout.write(`${sum}  ${archive}  ${(statSync(archive).size / 1e6).toFixed(1)} MB\n`);
}
