import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { typed } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { workerLines } from '../support/worker-lines.ts';

const FOLDER = temporaryFolder();
const TRACE = join(FOLDER, 'a.strace');
writeFileSync(TRACE, workerLines({ pid: 17 }));

async function errorText(...words: readonly string[]): Promise<string> {
  const { code, stderr } = await typed(words, { directory: FOLDER });
  assert.equal(code, 2);
  return stderr;
}

test('a mistyped option is answered with the right one', async () => {
  assert.equal(await errorText('--jsn', TRACE), 'drover: Unknown option --jsn.\n  Did you mean --json?\n');
  assert.equal(
    await errorText('analyze', '--fial-on', 'info', TRACE),
    'drover: Unknown option --fial-on.\n  Did you mean --fail-on?\n',
  );
});

test('a mistyped command is answered with the right one', async () => {
  assert.equal(
    await errorText('anlyze', 'a.strace'),
    'drover: There is no command and no file "anlyze".\n  Did you mean drover analyze a.strace?\n',
  );
  assert.equal(
    await errorText('explian'),
    'drover: There is no command and no file "explian".\n  Did you mean drover explain?\n',
  );
});

test('help is a command, too', async () => {
  const { code, stdout } = await typed(['help', 'record']);
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: drover record \[options\] <who\.\.\.>\n/);
  assert.match((await typed(['help'])).stdout, /^Usage: drover \[options\] \[command\]\n/);
  assert.match(
    await errorText('help', 'recrod'),
    /^drover: drover help does not know "recrod"\.\n {2}Choose analyze, /,
  );
});

test('a file that has nearly the name of a command is read', async () => {
  writeFileSync(join(FOLDER, 'analyse'), workerLines({ pid: 17 }));
  assert.equal((await typed(['analyse'], { directory: FOLDER })).code, 0);
});

test('a mistyped threshold is answered with the right one, a value that is no number with the default', async () => {
  assert.equal(
    await errorText('--threshold', 'stal-ms=50', TRACE),
    'drover: There is no threshold "stal-ms".\n  Did you mean stall-ms?\n',
  );
  assert.match(
    await errorText('--threshold', 'stall-ms=soon', TRACE),
    /^drover: "soon" is no value for stall-ms\.\n {2}Give a number; the default is \d+ ms\.\n$/,
  );
  assert.match(await errorText('--threshold', 'stall-ms', TRACE), /Write NAME=VALUE/);
});

test('columns with a name that is none are answered with those that are', async () => {
  assert.equal(
    await errorText('--columns', 'ts pid tid com call', TRACE),
    'drover: "com" names no column.\n  Columns are named ts pid tid comm call nr fd ret dur, _ for what is not read, ' +
      'ts and dur with a unit (dur:us).\n',
  );
  assert.match(await errorText('triage', '--columns', 'pid call', TRACE), /^drover: No column is named ts, the time\./);
  writeFileSync(join(FOLDER, 'own.txt'), '5833393274671 3387 gunicorn close 2067\n');
  const { code, stdout } = await typed(['--columns', 'ts pid comm call dur:us', 'own.txt'], { directory: FOLDER });
  assert.equal(code, 0);
  assert.match(stdout, /columns read as ts:ns pid comm call\s+dur:us/);
});

test('a time that is none is answered with the forms that are', async () => {
  assert.match(
    await errorText('--from', 'yesterday', TRACE),
    /^drover: "yesterday" is not a time\.\n {2}Times are .*\+12\.4s/,
  );
  assert.equal(
    await errorText('--from', '+9s', '--to', '+3s', TRACE),
    'drover: --to is not later than --from.\n  Swap them, or leave one out.\n',
  );
});

test('nothing to analyze is answered with what to type', async () => {
  assert.equal(
    await errorText('-q'),
    'drover: No trace was named.\n  Type drover FILE to analyze a trace, drover --help for more.\n',
  );
  const { code, stdout, stderr } = await typed([]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^Usage: drover[\s\S]*Examples:/);
});

test('control characters in a file name do not reach the terminal', async () => {
  const { stderr } = await typed(['analyze', 'a\u001b[2J\u009b0m\u202e.strace'], { directory: FOLDER });
  assert.match(
    stderr,
    /^drover: Cannot read a\?\[2J\?0m\?\.strace: there is no such file\.\n {2}See what is there with: ls -lt \.\n$/,
  );
});

test('help and version go to stdout and end with 0', async () => {
  for (const [words, expected] of [
    [['--help'], /Usage: drover[\s\S]*Commands:[\s\S]*Examples:/],
    [['-h'], /Exit codes: 0 done/],
    [['analyze', '--help'], /--fail-on <severity>/],
    [['--version'], /^\d+\.\d+\.\d+\n$/],
  ] as const) {
    const { code, stdout, stderr } = await typed(words);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.match(stdout, expected);
  }
});

/** Words, what is wrong with them, and what to type. */
type Wrong = readonly [words: readonly string[], message: string, hint: string];

const WRONG: readonly Wrong[] = [
  [
    ['attach'],
    'No process was named.',
    'Type drover attach PID, or a name (gunicorn), a port (:8000), a unit (web.service).',
  ],
  [
    ['record'],
    'No process was named.',
    'Type drover record PID, or a name (gunicorn), a port (:8000), a unit (web.service).',
  ],
  [['triage', '--follow'], '--follow takes one file.', 'Type drover triage FILE --follow.'],
  [
    ['triage', '--follow', 'a.strace'],
    '--follow needs the dashboard, and standard output is no terminal for it.',
    'Without --follow drover reports on what is there: drover a.strace',
  ],
  [['triage'], 'No trace and no process was named.', 'Type drover triage FILE, or drover triage --pid PID.'],
  [['run'], 'No command was named.', 'Type drover run -- COMMAND WORDS…'],
  [
    ['run', '--', 'no-such-program'],
    'There is no program "no-such-program".',
    'Name it by its path; sudo has a PATH of its own: sudo env "PATH=$PATH" drover run -- COMMAND',
  ],
  [
    ['run', '--', './no-such-program'],
    'There is no program "./no-such-program".',
    'Check the path, or name a program on the PATH.',
  ],
  [['completion'], 'No shell was named.', 'Type drover completion bash, zsh or fish.'],
  [['completion', 'tcsh'], 'drover completion does not know "tcsh".', 'Choose bash, zsh or fish.'],
  [
    ['explain', 'a', 'b'],
    'drover explain takes one word, and 2 were given.',
    'drover explain --help shows what there is.',
  ],
  [['explain', 'stall'], 'There is no finding called "stall".', 'Did you mean service-stall or loop-stall?'],
  [['explain', 'Loop_Stall'], 'There is no finding called "Loop_Stall".', 'Did you mean loop-stall?'],
  [['explain', 'weather'], 'There is no finding called "weather".', 'drover explain lists them.'],
  [
    ['attach', ''],
    'An empty word names no process.',
    'Is a variable of the shell not set? Give a pid, a name (gunicorn), a port (:8000) or a unit (web.service).',
  ],
  [['attach', ':99999'], '99999 is no port.', 'Ports are numbers up to 65535: drover attach :8000'],
  [['attach', '1.5'], '"1.5" is not a pid.', 'Give numbers: drover attach 4711'],
  [['record', '0'], '"0" is not a pid.', 'Give numbers: drover attach 4711'],
  [['record', '1', '--dumps', '3'], '--dumps says nothing without --ring.', 'Add --ring 60s'],
  [['analyze', ''], 'An empty word names no trace.', 'Is a variable of the shell not set? Type drover FILE.'],
  [['a.strace', '--html', '-'], '--html - names no file: standard output has the report.', 'Name a file: --html FILE'],
  [['a.strace', '-q', '-v'], '-q and -v exclude each other.', 'Choose one of them.'],
  [
    ['triage', 'a.strace', '--save', 'x.trace'],
    '--save is for a running server, and a.strace is a trace.',
    'Leave --save out; for a server type drover triage --pid PID.',
  ],
  [
    ['triage', '--pid', '4711', '--from', '+3s'],
    '--from is for a captured trace, and none was named.',
    'Name the file: drover triage FILE --from …, or leave --from out.',
  ],
  [
    ['run', '--', './a.strace'],
    './a.strace is no program: it may not be executed.',
    'Name a program. A script without the right to run needs its interpreter: drover run -- python3 SCRIPT',
  ],
  [
    ['archive', 'a.strace'],
    'No capture is named to keep in a.strace.',
    'Type drover archive FOLDER TRACE..., or drover archive --sql duckdb for the questions to ask.',
  ],
  [['doctor', 'abc'], '"abc" is not a pid.', 'Give numbers: drover doctor 4711'],
  [
    ['explode'],
    'There is no command and no file "explode".',
    'For a running server type drover attach explode. drover --help lists the commands.',
  ],
  [
    ['4711'],
    'There is no command and no file "4711".',
    'For a running server type drover attach 4711. drover --help lists the commands.',
  ],
  [
    ['diff', 'a.strace'],
    'drover diff needs two captures.',
    'Type drover diff BEFORE AFTER: traces, or reports that drover --json saved.',
  ],
  [['--nosuch'], 'Unknown option --nosuch.', 'drover analyze --help shows what there is.'],
  [['a.strace', '--verison'], 'Unknown option --verison.', 'Did you mean --version?'],
  [['attach', '1', '--cost', '5'], 'Unknown option --cost.', 'Did you mean --max-cost?'],
  [['a.strace', '--ring', '60s'], 'Unknown option --ring.', '--ring is an option of drover record.'],
  ...(['--duration', '--time', '--timeout=8s', '-d', '-t'] as const).map(
    (option): Wrong => [['attach', '1', option], `Unknown option ${option}.`, 'Write --for <time>: how long: 30s, 2m'],
  ),
  [
    ['record', '-p', '4711'],
    'Unknown option -p.',
    'Name it without an option: drover record PID, or a name (gunicorn), a port (:8000), a unit (web.service).',
  ],
  [
    ['attach', '--port', '8000'],
    'Unknown option --port.',
    'Name it without an option: drover attach PID, or a name (gunicorn), a port (:8000), a unit (web.service).',
  ],
  [['triage', '-p', '4711'], 'Unknown option -p.', 'Write --pid <pid>: report on these processes only'],
  [['a.strace', '-j'], 'Unknown option -j.', 'Write --json: the whole report as one JSON document'],
  [['a.strace', '-n', '5'], 'Unknown option -n.', 'Write -v, --verbose: every finding and every check in full'],
  [['record', '1', '-n', '5'], 'Unknown option -n.', 'Write --dumps <n>: end after so many files'],
  [
    ['record', '1', '--json'],
    'Unknown option --json.',
    '--json is an option of drover analyze, triage, attach, run and diff.',
  ],
  [
    ['record', '1', '--out', 'x'],
    'Unknown option --out.',
    'Write -o, --output <file>: the capture, a new file that only you can read',
  ],
  [['attach', '1', '-f'], 'Unknown option -f.', 'drover always follows threads, children and the other workers.'],
  [['attach', '1', '--strace'], 'Unknown option --strace.', 'Write --engine <engine>: the tracer'],
  [['attach', '1', '--version'], 'Unknown option --version.', 'Type drover --version.'],
  [['attach', '1', '--tui'], 'Unknown option --tui.', 'The dashboard opens by itself on a terminal.'],
  [['a.strace', '--file', 'b'], 'Unknown option --file.', 'Name the file without an option: drover analyze FILE.'],
  [
    ['a.strace', '--duration', '8s'],
    'Unknown option --duration.',
    '--for is an option of drover triage, attach, record, run and recipe.',
  ],
  [['a.strace', '--verbose=2'], 'Unknown option --verbose=2.', '--verbose takes no value.'],
  // Two letters of four that differ are another word: "--theme" was no answer to "--tome".
  [['attach', '1', '--tome', '5'], 'Unknown option --tome.', 'drover attach --help shows what there is.'],
  [['a.strace', '--pid'], '--pid needs a value.', 'Write --pid <pid>: report on these processes only; may be repeated'],
  [['a.strace', '--fail-on', 'bad'], '"bad" is no value of --fail-on.', 'Choose critical, warning or info.'],
  [['a.strace', '--stall-ms', '-5'], '"-5" is not a whole number above zero.', 'Write --stall-ms 200'],
  [['a.strace', '--width', 'wide'], '"wide" is not a whole number above zero.', 'Write --width 100'],
  [['a.strace', '--pid', 'x'], '"x" is not a pid.', 'Give numbers: --pid 4711,4712'],
  [
    ['a.strace', '-o', 'absent/x'],
    'Cannot write absent/x: there is no directory absent.',
    'Make it first, or give -o another name.',
  ],
  [['a.strace', '-o', 'a.strace'], 'Cannot write a.strace: it is the trace itself.', 'Give -o another name.'],
  [['a.strace', '--json', '--md'], '--json and --md exclude each other.', 'Choose one of them.'],
  [
    ['a.strace', '-'],
    'Standard input (-) cannot be read together with files.',
    'Save it to a file first, then name all files.',
  ],
];

for (const [words, message, hint] of WRONG)
  test(`wrong words are told in one line, with what to type: drover ${words.join(' ')}`, async () => {
    assert.equal(await errorText(...words), `drover: ${message}\n  ${hint}\n`);
  });

test('a dash after -o is standard output, as elsewhere', async () => {
  const { code, stdout } = await typed(['a.strace', '-q', '-o', '-'], { directory: FOLDER });
  assert.equal(code, 0);
  assert.match(stdout, /^NO FINDING /);
});

test('a name that no file has is answered with the one that is near', async () => {
  const { code, stderr } = await typed(['a.strce'], { directory: FOLDER });
  assert.deepEqual(
    [code, stderr],
    [3, 'drover: Cannot read a.strce: there is no such file.\n  Did you mean a.strace?\n'],
  );
});
