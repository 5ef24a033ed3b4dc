import { Argument, type Command, Option } from 'commander';
import type { ProgramName } from '../../sources/bpftrace/program.ts';
import type { CodeMode } from '../../sources/live/code/samplers.ts';
import type { Machine } from '../../trace/syscall-numbers.ts';
import type { DashboardFlags } from './dashboard.ts';
import { type ListenAddress, parseListen } from './listen.ts';
import type { ReportFlags } from './print.ts';
import type { Condition } from './until.ts';
import { UsageError } from './usage-error.ts';
import { parseBytes, parsePercent, parsePids, parseSeconds } from './values.ts';

/** How a running server shall be traced. */
export interface CaptureFlags {
  readonly engine: 'auto' | 'strace' | 'bpftrace' | 'watch';
  readonly program: ProgramName;
  /** Seconds. */
  readonly for: number;
  readonly save?: string;
  readonly force?: boolean;
  readonly spool?: string;
  /** Bytes. */
  readonly maxSpool: number;
  /** Percent of one processor. */
  readonly maxCost?: number;
  readonly yes?: boolean;
  readonly code: CodeMode;
  /** `--no-family` gives false. */
  readonly family: boolean;
  readonly quiet?: boolean;
}

/** What `drover attach` was asked for. */
export interface AttachFlags extends CaptureFlags, ReportFlags, DashboardFlags {
  readonly quiet?: boolean;
  readonly listen?: ListenAddress;
  readonly listenRemote?: boolean;
}

/** What `drover record` was asked for. */
export interface RecordFlags extends CaptureFlags {
  readonly output?: string;
  /** Seconds that the flight recorder keeps; without it one capture is made. */
  readonly ring?: number;
  /** What makes it write them into a file. */
  readonly until?: readonly Condition[];
  /** It ends after so many files. */
  readonly dumps: number;
}

/** What `drover run` was asked for. */
export interface RunFlags extends ReportFlags {
  /** Seconds; without it until the program ends. */
  readonly for?: number;
  readonly save?: string;
  readonly spool?: string;
  /** Bytes. */
  readonly maxSpool: number;
}

/** What `drover recipe` was asked for. */
export interface RecipeFlags {
  /** Seconds. */
  readonly for: number;
  readonly machine: Machine;
}

/** The other programs print for people, which `record` can be asked for. */
const REPORTED: readonly ProgramName[] = ['calls', 'exact'];
const SECONDS = 60;
const MOST_PORT = 65_535;
const SPOOL_BYTES = 512 * 1_048_576;

/** Adds the words that say whom a command traces; `findTargets` tells whom they mean. */
export function addTargetArgument(command: Command): Command {
  return command.addArgument(
    new Argument(
      '<who...>',
      'one process of the server: a pid, a name (gunicorn), a port (:8000), the path of a unix socket or a unit of ' +
        'systemd (web.service); ' +
        'drover finds the other processes of that server',
    ).argParser(parseWho),
  );
}

/** A word that no process can be meant by, as a variable of the shell that is not set. Throws `UsageError`. */
function parseWho(word: string, before: readonly string[] = []): string[] {
  if (word.trim() === '')
    throw new UsageError('An empty word names no process.', {
      hint:
        'Is a variable of the shell not set? Give a pid, a name (gunicorn), a port (:8000) or a unit ' +
        '(web.service).',
    });
  if (/^[+-]?[\d.]+$/.test(word)) parsePids(word, [], 'drover attach 4711');
  const port = /^:(\d+)$/.exec(word)?.[1];
  if (port !== undefined && (Number(port) < 1 || Number(port) > MOST_PORT))
    throw new UsageError(`${port} is no port.`, { hint: `Ports are numbers up to ${MOST_PORT}: drover attach :8000` });
  return [...before, word];
}

/** Reads the pids of a command, which commander hands over one by one. Throws `UsageError`. */
export function parsePidWords(text: string, before?: readonly number[]): number[] {
  return parsePids(text, before, 'drover doctor 4711');
}

/** Adds the options that say how to trace; the programs that nobody but people can read only where they are wanted. */
export function addCaptureOptions(command: Command, programs = REPORTED, parseTime = parseSeconds): Command {
  command
    .optionsGroup('How to trace:')
    .addOption(
      new Option('--engine <engine>', 'the tracer; watch: bpftrace only counts, which costs the server least')
        .choices(['auto', 'bpftrace', 'strace', 'watch'])
        .default('auto'),
    )
    .addOption(
      new Option(
        '--program <name>',
        'what bpftrace records; calls: system calls; exact: also what the kernel does without ' +
          `a call${programs.includes('watch') ? '; watch: counts a second, for people' : ''}`,
      )
        .choices(programs)
        .default('calls'),
    )
    .addOption(new Option('--for <time>', 'how long: 30s, 2m').argParser(parseTime).default(SECONDS, '60s'));
  return addSpoolOptions(command, 'end the capture at this size')
    .addOption(
      new Option(
        '--max-cost <percent>',
        'detach when tracing takes more than this share of one CPU over 10 s: 5%',
      ).argParser(parsePercent),
    )
    .option('--no-family', 'trace only the named processes, not the rest of their server')
    .addOption(
      new Option(
        '--code <how>',
        'show the code of a stuck worker; auto: by py-spy or bpftrace, which never stop it; stopping: also by ' +
          'eu-stack or gdb, which stop it for a moment',
      )
        .choices(['auto', 'off', 'stopping'])
        .default('auto'),
    )
    .option('-y, --yes', 'attach strace without asking');
}

/** Adds the options that say where a capture grows, and up to which size. */
export function addSpoolOptions(command: Command, atMost: string): Command {
  return command
    .option(
      '--spool <dir>',
      'folder of the capture while it is recorded (default: beside --save FILE, else the temporary folder)',
    )
    .addOption(new Option('--max-spool <size>', atMost).argParser(parseBytes).default(SPOOL_BYTES, '512M'));
}

/** Adds the option that keeps a capture of which a report is made. */
export function addSaveOption(command: Command): Command {
  return command.addOption(
    new Option('--save <file>', 'keep the capture under this name; only you can read it').argParser(parseSaveName),
  );
}

/** Adds the options that offer the figures while processes are traced. */
export function addListenOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--listen <address>',
        'also serve the figures to Prometheus while it traces: 127.0.0.1:9464 (with --engine watch; no dashboard)',
      ).argParser(parseListen),
    )
    .option('--listen-remote', 'allow --listen an address that other hosts can reach');
}

/** The report has standard output already. Throws `UsageError`. */
function parseSaveName(text: string): string {
  if (text !== '-') return text;
  throw new UsageError('--save - would mix the capture with the report on standard output.', {
    hint: 'Send the capture alone: drover record WHO -o -   (for a file of that name: --save ./-)',
  });
}
