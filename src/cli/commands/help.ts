import { Argument, type Command } from 'commander';

/** Adds `drover help [COMMAND]`, which prints what `--help` prints. Added last: it knows the commands that are there. */
export function addHelpCommand(program: Command): void {
  const commands = program.commands;
  program
    .command('help')
    .description('print help, also that of a command')
    .addArgument(new Argument('[command]').choices(commands.map((each) => each.name())))
    .action((name?: string) => (commands.find((each) => each.name() === name) ?? program).help());
}
