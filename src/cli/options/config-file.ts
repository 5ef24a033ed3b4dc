import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, CommanderError, type Option } from 'commander';
import { errorCode, failureReason } from '../../files/failure-reason.ts';
import { UsageError } from './usage-error.ts';

/** What may stand in the file, by the name of its option, and the type of its value. */
export const SETTINGS = {
  ascii: 'boolean',
  color: 'string',
  'fail-on': 'string',
  memory: 'number',
  mouse: 'boolean',
  quiet: 'boolean',
  'stall-ms': 'number',
  strict: 'boolean',
  theme: 'string',
  threshold: 'thresholds',
  width: 'number',
} as const satisfies Readonly<Record<string, 'boolean' | 'string' | 'number' | 'thresholds'>>;

/** Those by which a report says something else. */
const JUDGES: ReadonlySet<string> = new Set(['stall-ms', 'threshold', 'fail-on', 'strict']);

/** Settings as they stand in the file. */
export type Settings = Readonly<Partial<Record<keyof typeof SETTINGS, unknown>>>;

/**
 * Where settings are looked for: the file that `DROVER_CONFIG` names (empty: none), else one in the user's own folder.
 * A file in the current directory has no say: captures come with folders of strangers, and a threshold in one would
 * hide what is in them.
 */
export function configFile(environment: NodeJS.ProcessEnv): string | null {
  const { DROVER_CONFIG, XDG_CONFIG_HOME } = environment;
  if (DROVER_CONFIG !== undefined) return DROVER_CONFIG === '' ? null : DROVER_CONFIG;
  const folder = XDG_CONFIG_HOME !== undefined && XDG_CONFIG_HOME !== '' ? XDG_CONFIG_HOME : folderInHome();
  return folder === null ? null : join(folder, 'drover', 'drover.config.json');
}

/** null for a user without a home, as in a container that runs under a number which its passwd does not name. */
function folderInHome(): string | null {
  try {
    return join(homedir(), '.config');
  } catch {
    return null;
  }
}

/**
 * Gives a command what its user did not type from the file of settings. `notice` is told which of them change what a
 * report says. Throws `UsageError` for a file that is named and not there, or that cannot be used.
 */
export function applySettings(
  command: Command,
  environment: NodeJS.ProcessEnv,
  notice: (sentence: string) => void,
): void {
  const path = configFile(environment);
  const settings = path === null ? null : readSettings(path, environment.DROVER_CONFIG !== undefined);
  if (path === null || settings === null) return;
  const told: string[] = [];
  for (const [name, value] of Object.entries(settings)) {
    if (name === '$schema') continue;
    const type = SETTINGS[name as keyof typeof SETTINGS];
    if (type === undefined)
      throw unusable(path, `there is no setting "${name}"`, `It knows ${Object.keys(SETTINGS).join(', ')}.`);
    if (type === 'thresholds' ? !isObject(value) : typeof value !== type)
      throw unusable(path, `"${name}" is no ${type === 'thresholds' ? 'object of names and values' : type}`);
    const option = command.options.find(({ long }) => long === `--${name}`);
    if (option === undefined) continue;
    // Who asks for more on the command line wants all of it.
    if (name === 'quiet' && command.getOptionValueSource('verbose') === 'cli') continue;
    const isSet = set(command, option, value, path);
    if (isSet && JUDGES.has(name)) told.push(isObject(value) ? inWords(value) : `${name} ${String(value)}`);
  }
  if (told.length > 0 && command.opts().quiet !== true) notice(`Settings of ${path}: ${told.join(', ')}.`);
}

/** Whether the option has the value now, or a part of it: what was typed counts more. */
function set(command: Command, option: Option, value: unknown, path: string): boolean {
  const name = option.attributeName();
  const isTyped = command.getOptionValueSource(name) === 'cli';
  if (isTyped && !isObject(value)) return false;
  try {
    if (isObject(value)) {
      const typed = (isTyped ? command.getOptionValue(name) : {}) as object;
      let all: unknown = {};
      for (const [key, each] of Object.entries(value)) all = option.parseArg?.(`${key}=${String(each)}`, all) ?? all;
      command.setOptionValueWithSource(name, { ...(all as object), ...typed }, 'config');
    } else {
      const parsed = option.parseArg === undefined ? value : option.parseArg(String(value), undefined);
      command.setOptionValueWithSource(name, parsed, 'config');
    }
  } catch (error) {
    if (error instanceof CommanderError || error instanceof UsageError)
      throw unusable(path, `${option.long?.slice(2) ?? name}: ${error.message.replace(/\.$/, '')}`);
    throw error;
  }
  return true;
}

function readSettings(path: string, isNamed: boolean): Settings | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    // Nobody has to have one.
    if (!isNamed && ['ENOENT', 'ENOTDIR', 'EACCES'].includes(errorCode(error))) return null;
    throw unusable(path, failureReason(error));
  }
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw unusable(path, `it is no JSON: ${(error as Error).message.replace(/[^ -~]+/g, ' ')}`);
  }
  if (!isObject(read)) throw unusable(path, 'it is no JSON object');
  return read;
}

function unusable(path: string, reason: string, hint?: string): UsageError {
  return new UsageError(`Cannot use the settings in ${path}: ${reason}.`, {
    hint: hint ?? 'Mend the file, or leave it out this time: DROVER_CONFIG= drover …',
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function inWords(thresholds: Readonly<Record<string, unknown>>): string {
  return Object.entries(thresholds)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(', ');
}
