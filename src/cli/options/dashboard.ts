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
      new Option('--theme <name>', 'colours; cvd: for people who cannot tell red from green').choices([
        'dark',
        'light',
        'cvd',
        'mono',
      ]),
    )
    .option('--mouse', 'the mouse wheel moves the selection (m turns this off)')
    .option('--no-tui', 'no dashboard: print the report, as when standard output is no terminal')
    .option('--memory <mb>', 'most memory that the analysis may use, in MB', countOf('--memory 1024'));
}
