import { readFileSync } from 'node:fs';
import { installed } from '../../installation.ts';
import type { Machine } from '../../trace/syscall-numbers.ts';
import { bpftraceProgram } from '../bpftrace/program.ts';

/** Servers that a recipe can find by itself, and how: the oldest of them is the master. */
export const RECIPE_SERVERS = {
  gunicorn: 'gunicorn',
  nginx: 'nginx: master',
  uwsgi: 'uwsgi',
  puma: 'puma',
  node: 'node( |$)',
  'php-fpm': 'php-fpm: master',
} as const;
export type RecipeServer = keyof typeof RECIPE_SERVERS;

interface RecipeOptions {
  /** A server by name, a process of this host by number, or neither. */
  readonly subject: RecipeServer | number | null;
  readonly machine: Machine;
  readonly version: string;
  readonly seconds: number;
}

/** The script lies in src/ both in the repository and in the package. */
const SCRIPT = installed('src/sources/recipe/capture.sh');

/** A shell script that captures without Node what `drover DIRECTORY` reads, with the bpftrace program in it. */
export function recipe({ subject, machine, version, seconds }: RecipeOptions): string {
  const values: Readonly<Record<string, string>> = {
    VERSION: version,
    SERVER: typeof subject === 'string' ? subject : 'server',
    SECONDS: String(seconds),
    MACHINE: machine,
    FIND: howToFind(subject),
    // The script puts the pids in place of 0, which no process has.
    PROGRAM: `${bpftraceProgram('calls', { pids: [0], machine })}interval:ms:250 { print(""); }`,
  };
  return readFileSync(SCRIPT, 'utf8').replace(/DROVER:([A-Z]+)/g, (word, name: string) => values[name] ?? word);
}

function howToFind(subject: RecipeOptions['subject']): string {
  if (typeof subject === 'number') return `echo ${subject}`;
  if (subject === null) return ':';
  return `pgrep -o -f '${RECIPE_SERVERS[subject]}'`;
}
