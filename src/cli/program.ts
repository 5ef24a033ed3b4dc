import { Argument, Command } from 'commander';
import { TOOL_VERSION } from '../version.ts';
import { addAnalyzeCommand } from './commands/analyze.ts';
import { addArchiveCommand } from './commands/archive.ts';
import { addAttachCommand } from './commands/attach.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addDiffCommand } from './commands/diff.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addRecipeCommand } from './commands/recipe.ts';
import { addRecordCommand } from './commands/record.ts';
import { addRunCommand } from './commands/run.ts';
import { addTriageCommand } from './commands/triage.ts';
import { applySettings } from './options/config-file.ts';
import { explainWrongWords } from './options/wrong-words.ts';
import type { ExitCodeSink } from './printing/exit-code.ts';

const EXAMPLES = `
Examples:
  drover trace.strace.gz                 why is this server slow?
  drover triage trace.strace.gz          look into it on the dashboard
  drover trace.strace.gz --html it.html  the report as a page to send to others
  drover analyze trace.strace --json     the whole report for a program
  drover analyze traces/                 the files of strace -ff, as one trace
  ssh -n web-1 'timeout 20 strace -f -ttt -T -y -s 128 -p PID 2>&1' | drover
  drover attach 4711                     trace a running server for a minute
  drover diff before.strace after.strace what a change made better or worse
  drover explain loop-stall              what a finding means and what to do

The best way to record a capture for drover:
  timeout 20 strace -f -ttt -T -y -s 128 -o trace.strace -p PID

Exit codes: 0 done, 1 a finding at or above --fail-on, 2 wrong usage, 3 input unreadable or not a trace,
4 cannot attach, 5 data partial and --strict, or the tracer of record died, 70 a bug in drover,
74 the report cannot be written, 128+n ended by a signal.`;

/**
 * The command line: one file per command, each loads what it needs when it runs. Parsing throws instead of ending the
 * process.
 */
export function createProgram(exitWith: ExitCodeSink): Command {
  const program = new Command('drover')
    .description(
      'Reads what strace, bpftrace and perf recorded of server worker processes, or records it, and says why the ' +
        'service is slow.',
    )
    .version(TOOL_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .enablePositionalOptions()
    .addHelpText('after', EXAMPLES)
    .configureOutput({ outputError: () => undefined });
  addAnalyzeCommand(program, exitWith);
  addTriageCommand(program, exitWith);
  addAttachCommand(program, exitWith);
  addRecordCommand(program, exitWith);
  addRunCommand(program, exitWith);
  addDiffCommand(program, exitWith);
  addArchiveCommand(program, exitWith);
  addRecipeCommand(program, exitWith);
  addDoctorCommand(program, exitWith);
  addExplainCommand(program, exitWith);
  addCompletionCommand(program, exitWith);
  addHelpCommand(program);
  explainWrongWords(program);
  program.hook('preAction', (_, command) =>
    applySettings(command, process.env, (sentence) => process.stderr.write(`drover: ${sentence}\n`)),
  );
  return program;
}

/** Adds `drover help [COMMAND]`, which prints what `--help` prints. It knows the commands that were added before. */
function addHelpCommand(program: Command): void {
  const { commands } = program;
  program
    .command('help')
    .description('print help, also that of a command')
    .addArgument(new Argument('[command]').choices(commands.map((each) => each.name())))
    .action((name?: string) => (commands.find((each) => each.name() === name) ?? program).help());
}
