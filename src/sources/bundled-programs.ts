import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { installed } from '../installation.ts';

/** A program of drover's that other programs run: bpftrace as root, or the shell of a host that has no Node. */
export interface BundledProgram {
  /** From the top of the package or the repository. */
  readonly path: string;
  /** Of the file as it is on this disk, hexadecimal, as `sha256sum` prints it. */
  readonly sha256: string;
}

const PATHS = [
  'src/sources/bpftrace/calls.bt',
  'src/sources/bpftrace/exact.bt',
  'src/sources/bpftrace/watch.bt',
  'src/sources/recipe/capture.sh',
  'src/sources/recipe/kubernetes.sh',
  'src/sources/recipe/container.sh',
  'src/sources/recipe/systemd.sh',
  'src/sources/recipe/ansible.sh',
];
/** Everything that drover hands to another program to run. */
export function bundledPrograms(): readonly BundledProgram[] {
  return PATHS.map((path) => ({
    path,
    sha256: createHash('sha256')
      .update(readFileSync(installed(path)))
      .digest('hex'),
  }));
}
