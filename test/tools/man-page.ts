import type { Command, Option } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { TOOL_VERSION } from '../../src/version.ts';

/** What drover looks up in the environment, and what for. */
const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ['DROVER_CONFIG', 'the file of settings, instead of ~/.config/drover/drover.config.json; empty: none'],
  ['NO_COLOR', 'no colours, whatever its value'],
  ['PAGER', 'what shows the pages of drover explain on a terminal'],
  ['TMPDIR', 'where a capture grows that is not saved'],
  ['OTEL_EXPORTER_OTLP_COMPRESSION', 'gzip: what --otlp sends is packed'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'headers for the receiver of --otlp, as name=value,name=value'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json or http/protobuf, unless --otlp-protocol is given'],
  ['NODE_OPTIONS', 'options of Node, as --max-old-space-size=8192 for more memory'],
];
const DAY_SECONDS = 86_400;

/**
 * The manual page, in the macros of man(7): what --help says of every command, made from the command line itself.
 * `date` is in seconds since 1970.
 */
export function manPage(date: number): string {
  const program = createProgram(() => undefined);
  const day = new Date(Math.floor(date / DAY_SECONDS) * DAY_SECONDS * 1_000).toISOString().slice(0, 10);
  return [
    `.TH DROVER 1 ${day} "drover ${roff(TOOL_VERSION)}"`,
    '.SH NAME',
    'drover \\- says from a trace why a server is slow or hangs',
    '.SH SYNOPSIS',
    ...program.commands.flatMap((command) => [
      `.B ${roff(`drover ${nameOf(command)}`)}`,
      roff(usageOf(command)),
      '.br',
    ]),
    '.SH DESCRIPTION',
    roff(program.description()),
    'A command that is not named is',
    '.BR analyze .',
    '.SH COMMANDS',
    ...program.commands.flatMap(section),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, meaning]) => ['.TP', `.B ${roff(name)}`, roff(meaning)]),
    ...closing(program),
    '.SH "SEE ALSO"',
    '.BR strace (1),',
    '.BR bpftrace (8),',
    '.BR perf\\-trace (1)',
    '',
  ].join('\n');
}

function nameOf(command: Command): string {
  return command.name() === 'analyze' ? '[analyze]' : command.name();
}

function usageOf(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [...words, '[options]'].join(' ');
}

function section(command: Command): readonly string[] {
  const help = command.createHelp();
  const groups = new Map<string, Option[]>();
  for (const option of help.visibleOptions(command)) {
    const group = option.helpGroupHeading ?? 'Options:';
    groups.set(group, [...(groups.get(group) ?? []), option]);
  }
  return [
    `.SS "${roff(`drover ${nameOf(command)} ${usageOf(command)}`)}"`,
    roff(capital(command.description())),
    ...command.registeredArguments.flatMap((argument) => [
      '.TP',
      `.I ${roff(argument.name())}`,
      roff(argument.description),
    ]),
    ...[...groups].flatMap(([group, options]) => [
      '.PP',
      `.I ${roff(group)}`,
      ...options.flatMap((option) => ['.TP', `.B ${roff(option.flags)}`, roff(help.optionDescription(option))]),
    ]),
  ];
}

/** What stands below the list of commands in --help: examples, and what the exit codes mean. */
function closing(program: Command): readonly string[] {
  let text = '';
  program.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  const [, examples = '', codes = ''] = /^Examples:\n([\s\S]*?)\n\n[\s\S]*?^Exit codes: ([\s\S]*)$/m.exec(text) ?? [];
  if (examples === '' || codes === '') throw new Error('the help has no examples, or no exit codes');
  return [
    '.SH EXAMPLES',
    '.nf',
    ...examples.split('\n').map(roff),
    '.fi',
    '.SH "EXIT STATUS"',
    roff(codes.replace(/\s+/g, ' ').trim()),
  ];
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

/** Text that no macro acts on; a hyphen stays what can be typed. */
function roff(text: string): string {
  const line = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq').replaceAll('…', '...');
  return line.replaceAll(/^(?=[.'])/gm, '\\&');
}
