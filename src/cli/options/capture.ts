import { type Command, Option } from 'commander';
import type { ProgramName } from '../../sources/bpftrace/program.ts';
import type { ReportFlags } from './print.ts';
import { parseBytes, parseSeconds } from './values.ts';

/** How `drover attach` and `drover record` shall trace. */
export interface CaptureFlags {
  readonly engine: 'auto' | 'strace' | 'bpftrace';
  readonly program: ProgramName;
  /** Seconds. */
  readonly for: number;
  readonly save?: string;
  readonly force?: boolean;
  readonly spool?: string;
  /** Bytes. */
  readonly maxSpool: number;
  readonly yes?: boolean;
  /** `--no-family` gives false. */
  readonly family: boolean;
  readonly quiet?: boolean;
}

/** What `drover attach` was asked for. */
export interface AttachFlags extends CaptureFlags, ReportFlags {
  readonly quiet?: boolean;
  /** `--no-tui` gives false. */
  readonly tui?: boolean;
}

/** The other programs print for people, which `record` can be asked for. */
export const REPORTED: readonly ProgramName[] = ['calls', 'exact'];
const SECONDS = 60;
export const SPOOL_BYTES = 512 * 1_048_576;

/** Adds the pids that a command traces. */
export function addPidArgument(command: Command): Command {
  return command.argument('<pid...>', 'a process of the server, master or worker; its family is found from there');
}

/** Adds the options that say how to trace. */
export function addCaptureOptions(command: Command, programs: readonly ProgramName[]): Command {
  return command
    .optionsGroup('How to trace:')
    .addOption(new Option('--engine <engine>', 'the tracer').choices(['auto', 'bpftrace', 'strace']).default('auto'))
    .addOption(
      new Option(
        '--program <name>',
        'what bpftrace records: the calls; exact: also what no call ' +
          `shows${programs.includes('watch') ? '; watch: counts a second, for people' : ''}`,
      )
        .choices(programs)
        .default('calls'),
    )
    .addOption(new Option('--for <time>', 'how long: 30s, 2m').argParser(parseSeconds).default(SECONDS, '60s'))
    .option('--spool <dir>', 'where the capture grows (default: beside --save FILE, else the temporary folder)')
    .addOption(
      new Option('--max-spool <size>', 'end the capture at this size')
        .argParser(parseBytes)
        .default(SPOOL_BYTES, '512M'),
    )
    .option('--no-family', 'trace only the processes named, not the rest of their server')
    .option('-y, --yes', 'attach strace without asking');
}
