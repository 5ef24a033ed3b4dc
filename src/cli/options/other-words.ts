import type { Command } from 'commander';

/**
 * What other tools call an option of drover: the options of drover that can be meant, of which a command has one or
 * none. `perf`, `strace`, `py-spy`, `tcpdump` and `timeout` have these words.
 */
const SAME: ReadonlyMap<string, readonly string[]> = byWord([
  ['-d -t --duration --time --timeout --seconds --secs --length --interval --run-time', '--for'],
  ['-e --tracer --backend --strace --bpftrace', '--engine'],
  ['-j --format --output-format', '--json'],
  ['--markdown', '--md'],
  ['-n --count', '--dumps --verbose'],
  ['--all --full --top --limit --max --details', '--verbose'],
  ['-w -O --out --outfile --output-file --write --dest', '--output'],
  ['--keep --capture --trace-file', '--save --output'],
  ['--since --start --begin --after', '--from'],
  ['--end --stop --before', '--to'],
  ['--exit-code --fail --severity --level', '--fail-on'],
  ['--slow --min-ms --min-duration --stall', '--stall-ms'],
  ['--no-dashboard --no-ui --batch --headless --plain --text --no-interactive', '--no-tui'],
  ['--assume-yes --no-confirm --noconfirm --non-interactive', '--yes'],
  ['--overwrite', '--force'],
  ['--silent --summary --brief', '--quiet'],
  ['-p --process --pids', '--pid'],
  ['--colour', '--color'],
  ['--no-colour', '--no-color'],
]);

/** The words that name a process in other tools. */
const PROCESS = words('-p --pid --pids --process --name --comm --port --unit --service --target --attach');
const FILE = words('-f -i -r --file --input --read --trace');
const FOLLOW = words('-f -ff -F --follow --follow-forks --children --threads --tree');
const DASHBOARD = words('--tui --ui --dashboard --live --interactive');

/** What to type for an option that other tools have, or null. `option` begins with its dashes and has no value. */
export function hintOfOtherWord(option: string, command: Command): string | null {
  const name = command.name();
  const traces = name === 'attach' || name === 'record';
  if (option === '--version' || option === '-V') return 'Type drover --version.';
  if (traces && PROCESS.has(option))
    return `Name it without an option: drover ${name} PID, or a name (gunicorn), a port (:8000), a unit (web.service).`;
  if (traces && FOLLOW.has(option)) return 'drover always follows threads, children and the other workers.';
  if (DASHBOARD.has(option)) return hintOfDashboard(name);
  const meant = SAME.get(option) ?? [];
  const own = command.options.find(({ long, hidden }) => !hidden && long != null && meant.includes(long));
  // One line: what stands behind a semicolon or in brackets is for the help.
  if (own !== undefined) return `Write ${own.flags}: ${own.description.replace(/(?:;| \().*/s, '')}`;
  if (FILE.has(option) && (name === 'analyze' || name === 'triage'))
    return `Name the file without an option: drover ${name} FILE.`;
  if (PROCESS.has(option) && (name === 'analyze' || name === 'triage'))
    return 'For a running server type drover attach PID, or a name (gunicorn), a port (:8000), a unit (web.service).';
  return null;
}

/** The options of drover that a word of other tools can mean. */
export function meaningsOf(option: string): readonly string[] {
  return SAME.get(option) ?? [];
}

function hintOfDashboard(name: string): string | null {
  if (name === 'analyze') return 'The dashboard on a trace is drover triage FILE.';
  if (name === 'record') return 'The dashboard on a server is drover attach PID.';
  return name === 'attach' || name === 'triage' ? 'The dashboard opens by itself on a terminal.' : null;
}

function byWord(rows: readonly (readonly [others: string, ours: string])[]): Map<string, readonly string[]> {
  return new Map(rows.flatMap(([others, ours]) => [...words(others)].map((word) => [word, [...words(ours)]] as const)));
}

function words(text: string): Set<string> {
  return new Set(text.split(' '));
}
