import type { Command, Option } from 'commander';
import { KINDS, THRESHOLDS } from '../../detectors/registry.ts';
import { RECIPE_PLACES, RECIPE_SERVERS } from '../../sources/recipe/recipe.ts';
import { SHELLS, type Shell } from '../options/values.ts';
import { EXIT } from '../printing/exit-code.ts';
import { writeStdout } from '../printing/write-result.ts';

/** The command that words without one are for. */
const USUAL = 'analyze';

/** Values that are no choices of the command line: each threshold with what it is unless changed. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  '--threshold': Object.entries(THRESHOLDS).map(([name, { default: usual }]) => `${name}=${usual}`),
};

/** What a shell is to know of one command. */
interface Known {
  readonly name: string;
  readonly description: string;
  readonly options: readonly {
    readonly names: readonly string[];
    readonly description: string;
    readonly values: readonly string[] | null;
  }[];
  /** Words that its argument may be; empty where it is a file or a pid. */
  readonly words: readonly string[];
}

/** Prints what lets this shell complete the words of the program. */
export async function runCompletion(shell: Shell, program: Command): Promise<number> {
  const words = {
    explain: [...KINDS, 'assistants', 'thresholds'],
    recipe: [...RECIPE_SERVERS, ...RECIPE_PLACES],
    completion: SHELLS,
    help: program.commands.map((command) => command.name()),
  };
  await writeStdout(completionScript(shell, program, words));
  return EXIT.done;
}

/**
 * The completion of a shell for these commands, made from the command line itself. `words` gives what the argument of a
 * command may be.
 */
function completionScript(shell: Shell, program: Command, words: Readonly<Record<string, readonly string[]>>): string {
  const commands = program.commands.map((command) => known(command, words[command.name()] ?? []));
  return shell === 'fish' ? fish(commands) : bash(commands, shell === 'zsh');
}

function known(command: Command, words: readonly string[]): Known {
  const options = command.options
    .filter(({ hidden }) => !hidden)
    .map((option: Option) => ({
      names: [option.short, option.long].filter((name) => name !== undefined && name !== null),
      description: option.description,
      values: VALUES[option.long ?? ''] ?? option.argChoices ?? (option.required || option.optional ? [] : null),
    }));
  return { name: command.name(), description: command.description(), options, words };
}

/** bash takes `=` for a word of its own: `--engine=b` is `--engine`, `=` and `b`. */
const VALUE_IN_BASH = `  if [ "$before" = = ] && [ "$COMP_CWORD" -ge 3 ]; then
    before="\${COMP_WORDS[$((COMP_CWORD - 2))]}"
  fi
  if [ "$current" = = ]; then current=''; fi`;

/** zsh does not, and puts what is chosen in place of the whole word. */
const VALUE_IN_ZSH = `  case $current in
  --*=*)
    before="\${current%%=*}" prefix="\${current%%=*}="
    current="\${current#*=}"
    ;;
  esac`;

/** zsh reads the completions of bash with a function of its own. */
function bash(commands: readonly Known[], isZsh: boolean): string {
  const names = commands.map(({ name }) => name);
  const valued = commands.flatMap(({ name, options }) =>
    options.flatMap(({ names: spellings, values }) =>
      values === null
        ? []
        : [`    ${spellings.map((spelling) => `${name}:${spelling}`).join('|')}) words=${quoted(values)} ;;`],
    ),
  );
  const lists = commands.flatMap(({ name, options, words }) => [
    `    ${name}:-*) words=${quoted(options.flatMap((option) => option.names))} ;;`,
    ...(words.length > 0 ? [`    ${name}:*) words=${quoted(words)} ;;`] : []),
  ]);
  return `${isZsh ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_drover() {
  local current="\${COMP_WORDS[$COMP_CWORD]}" before="\${COMP_WORDS[$((COMP_CWORD - 1))]}"
  local command=${USUAL} words='' word prefix=''
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    case $word in
    ${names.join('|')})
      command=$word
      break
      ;;
    esac
  done
${isZsh ? VALUE_IN_ZSH : VALUE_IN_BASH}
  case $command:$before in
${valued.join('\n')}
    *)
      case $command:$current in
${lists.map((line) => `  ${line}`).join('\n')}
      esac
      if [ "$COMP_CWORD" = 1 ] && [ "\${current#-}" = "$current" ]; then words='${names.join(' ')}'; fi
      ;;
  esac
  # What is no word of ours is the name of a file: the shell completes it.
  COMPREPLY=($(compgen -P "$prefix" -W "$words" -- "$current"))
}
complete -o default -F _drover drover
`;
}

function fish(commands: readonly Known[]): string {
  const line = (condition: string, ...rest: readonly string[]): string =>
    `complete -c drover -n '${condition}' ${rest.join(' ')}`;
  // Words without a command are for the usual one.
  const others = commands.map(({ name }) => name).filter((name) => name !== USUAL);
  const isFor = (name: string): string =>
    name === USUAL ? `not __fish_seen_subcommand_from ${others.join(' ')}` : `__fish_seen_subcommand_from ${name}`;
  return `${commands
    .flatMap(({ name, description, options, words }) => [
      line('__fish_use_subcommand', '-a', name, '-d', fishText(description)),
      ...options.map(({ names, description: meaning, values }) =>
        line(
          isFor(name),
          ...names.map((spelling) =>
            spelling.startsWith('--') ? `-l ${spelling.slice(2)}` : `-s ${spelling.slice(1)}`,
          ),
          ...(values === null ? [] : values.length === 0 ? ['-r'] : ['-x', '-a', fishText(values.join(' '))]),
          '-d',
          fishText(meaning),
        ),
      ),
      ...(words.length > 0 ? [line(`__fish_seen_subcommand_from ${name}`, '-f', '-a', fishText(words.join(' ')))] : []),
    ])
    .join('\n')}\n`;
}

/** Names of options, kinds and choices: letters, digits, dashes. */
function quoted(words: readonly string[]): string {
  return `'${words.join(' ')}'`;
}

function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
