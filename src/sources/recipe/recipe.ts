import { readFileSync } from 'node:fs';
import { installed } from '../../installation.ts';
import type { Machine } from '../../trace/syscall-numbers.ts';
import { bpftraceProgram } from '../bpftrace/program.ts';

/** Servers that a recipe can find by itself. */
export const RECIPE_SERVERS = ['gunicorn', 'nginx', 'uwsgi', 'puma', 'node', 'php-fpm'] as const;
export type RecipeServer = (typeof RECIPE_SERVERS)[number];

/** The file that captures where workers run, and what differs between places that share one. */
interface Place {
  readonly file: string;
  readonly values?: Readonly<Record<string, string>>;
}

const PLACES = {
  kubernetes: { file: 'kubernetes.sh' },
  docker: { file: 'container.sh', values: { ENGINE: 'docker', RIGHT: 'the right to use the docker daemon' } },
  podman: {
    file: 'container.sh',
    values: {
      ENGINE: 'podman',
      RIGHT: 'the user whose container it is (root for a rootful one, for bpftrace always root)',
    },
  },
  systemd: { file: 'systemd.sh' },
  ansible: { file: 'ansible.sh' },
  containerfile: { file: 'Containerfile' },
} as const satisfies Readonly<Record<string, Place>>;
export type RecipePlace = keyof typeof PLACES;
export const RECIPE_PLACES = Object.keys(PLACES) as readonly RecipePlace[];

interface RecipeOptions {
  /** A server by name, a process of this host by number, or neither. */
  readonly subject: RecipeServer | number | null;
  readonly machine: Machine;
  readonly version: string;
  readonly seconds: number;
}

/** The scripts lie in src/ both in the repository and in the package. */
const FOLDER = 'src/sources/recipe';

/** A shell script that captures without Node what `drover DIRECTORY` reads, with the bpftrace program in it. */
export function recipe({ subject, machine, version, seconds }: RecipeOptions): string {
  const values: Readonly<Record<string, string>> = {
    SERVER: typeof subject === 'string' ? subject : 'server',
    MADE: `drover ${version}${subject === null ? '' : ` for ${typeof subject === 'string' ? subject : `process ${subject}`}`}`,
    SECONDS: String(seconds),
    MACHINE: machine,
    FIND: howToFind(subject),
    // The script puts the pids in place of 0, which no process has.
    PROGRAM: `${bpftraceProgram('calls', { pids: [0], machine })}interval:ms:250 { print(""); }`,
  };
  return filledIn('capture.sh', values);
}

/** The commands that run such a script where workers run, or the image for it, with what each needs and leaves. */
export function placeRecipe(place: RecipePlace, version: string, seconds: number): string {
  const { file, values }: Place = PLACES[place];
  return filledIn(file, { ...values, VERSION: version, SECONDS: String(seconds) });
}

function filledIn(file: string, values: Readonly<Record<string, string>>): string {
  const text = readFileSync(installed(`${FOLDER}/${file}`), 'utf8');
  return text.replace(/DROVER:([A-Z]+)/g, (word, name: string) => values[name] ?? word);
}

function howToFind(subject: RecipeOptions['subject']): string {
  if (typeof subject === 'number') return `echo ${subject}`;
  if (subject === null) return ':';
  return `called ${subject}`;
}
