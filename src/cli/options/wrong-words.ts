import type { Command, CommanderError } from 'commander';
import { closest } from './closest.ts';
import { hintOfOtherWord, meaningsOf } from './other-words.ts';
import { UsageError } from './usage-error.ts';

/** What a command lacks when it was given no word, and what to type. */
const LACKS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  attach: [
    'No process was named.',
    'Type drover attach PID, or a name (gunicorn), a port (:8000), a unit (web.service).',
  ],
  record: [
    'No process was named.',
    'Type drover record PID, or a name (gunicorn), a port (:8000), a unit (web.service).',
  ],
  diff: [
    'drover diff needs two captures.',
    'Type drover diff BEFORE AFTER: traces, or reports that drover --json saved.',
  ],
  run: ['No command was named.', 'Type drover run -- COMMAND WORDS…'],
  completion: ['No shell was named.', 'Type drover completion bash, zsh or fish.'],
};

/**
 * Makes every command throw `UsageError` for words that it cannot use. What commander throws for help and version
 * stays: they are no errors.
 */
export function explainWrongWords(program: Command): void {
  for (const command of [program, ...program.commands])
    command.exitOverride((error) => {
      throw error.exitCode === 0 ? error : usageError(error, command, program);
    });
}

function usageError({ code, message }: CommanderError, command: Command, program: Command): UsageError {
  const name = command === program ? 'drover' : `drover ${command.name()}`;
  const help = `${name} --help shows what there is.`;
  const option = /'(-[^' ]*)/.exec(message)?.[1] ?? '';
  const [, value = '', choices = ''] = /'([^']*)' is invalid.* Allowed choices are (.*?)\.?$/.exec(message) ?? [];
  const argument = /argument value '([^']*)'/.exec(message)?.[1];
  switch (code) {
    case 'commander.missingArgument': {
      const [lack, hint] = LACKS[command.name()] ?? [`${name} needs another word.`, help];
      return new UsageError(lack, { hint });
    }
    case 'commander.unknownOption':
      return new UsageError(`Unknown option ${option}.`, { hint: rightOption(option, command, program) ?? help });
    case 'commander.optionMissingArgument': {
      const flags = /'([^']*)'/.exec(message)?.[1] ?? option;
      const known = command.options.find((each) => each.flags === flags);
      return new UsageError(`${option.replace(/,$/, '')} needs a value.`, {
        hint: known === undefined ? help : `Write ${known.flags}: ${known.description}`,
      });
    }
    case 'commander.invalidArgument':
      if (choices === '') break;
      return new UsageError(
        argument === undefined ? `"${value}" is no value of ${option}.` : `${name} does not know "${argument}".`,
        {
          hint: `Choose ${choices.replace(/, ([^,]*)$/, ' or $1')}.`,
        },
      );
    case 'commander.excessArguments': {
      const [, most = '0', given = ''] = /Expected (\d+) arguments? but got (\d+)/.exec(message) ?? [];
      const words = most === '0' ? 'no word' : most === '1' ? 'one word' : `${most} words`;
      return new UsageError(`${name} takes ${words}, and ${given} were given.`, { hint: help });
    }
  }
  const [first = ''] = message.replace(/^error: /, '').split('\n');
  const sentence = `${first.charAt(0).toUpperCase()}${first.slice(1)}${/[.?!]$/.test(first) ? '' : '.'}`;
  return new UsageError(sentence, { hint: help });
}

/** The option that was probably meant, or the command that has this one. */
function rightOption(word: string, command: Command, program: Command): string | null {
  const long = word.split('=', 1)[0] ?? word;
  const names = (of: Command): string[] => [
    ...of.options.flatMap(({ long: name, hidden }) => (name == null || hidden ? [] : [name])),
    '--help',
  ];
  if (names(command).includes(long)) return `${long} takes no value.`;
  const other = hintOfOtherWord(long, command);
  if (other !== null) return other;
  for (const name of [long, ...meaningsOf(long)]) {
    const owners = program.commands.filter((each) => names(each).includes(name)).map((each) => each.name());
    if (owners.length > 0) return `${name} is an option of drover ${inWords(owners)}.`;
  }
  const part = long.length < 6 ? undefined : names(command).find((name) => name.includes(long.slice(2)));
  const meant = part ?? closestOption(long, [...names(command), ...names(program)]);
  return meant === undefined ? null : `Did you mean ${meant}?`;
}

/** The dashes are no letters: with them every word of four letters was near to another one. */
function closestOption(option: string, names: readonly string[]): string | undefined {
  if (!option.startsWith('--')) return;
  const name = closest(
    option.slice(2),
    names.map((each) => each.slice(2)),
  );
  return name === undefined ? undefined : `--${name}`;
}

function inWords(names: readonly string[]): string {
  return names.join(', ').replace(/, ([^,]*)$/, ' and $1');
}
