import { type Command, Option } from 'commander';
import { countOf } from './values.ts';

/** How the dashboard shall look, or that there shall be none. */
export interface DashboardFlags {
  readonly theme?: 'dark' | 'light' | 'cvd' | 'mono';
  readonly mouse?: boolean;
  /** `--no-tui` gives false. */
  readonly tui?: boolean;
  /** Goes on reading a file that grows. */
  readonly follow?: boolean;
  /** Megabytes. */
  readonly memory?: number;
}

/** Adds the options that say how the dashboard looks. */
export function addDashboardOptions(command: Command): Command {
  return command
    .optionsGroup('The dashboard:')
    .addOption(
      new Option('--theme <name>', 'colours; cvd: nobody has to tell red from green').choices([
        'dark',
        'light',
        'cvd',
        'mono',
      ]),
    )
    .option('--mouse', 'let the wheel move the selection (m turns it off)')
    .option('--no-tui', 'no dashboard: print the report, as when standard output is no terminal')
    .option('--memory <mb>', 'memory that the analysis may take, in MB', countOf('--memory 1024'));
}
