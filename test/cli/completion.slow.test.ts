import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { needsTool } from '../support/needs-tool.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What is typed so far, and what the shell must offer. */
const TYPED = [
  [['drover', 'at'], ['attach']],
  [['drover', 'attach', '--eng'], ['--engine']],
  [
    ['drover', 'attach', '--engine', ''],
    ['auto', 'bpftrace', 'strace', 'watch'],
  ],
  [['drover', 'explain', 'loo'], ['loop-stall']],
  [['drover', 'triage', '--theme', 'c'], ['cvd']],
  [['drover', 'triage', '--threshold', 'stall-m'], ['stall-ms=100']],
  // Without a command it is analyze.
  [['drover', '--jso'], ['--json']],
  [['drover', 'trace.strace', '--jso'], ['--json']],
] as const;

/** The script of a shell in a file. */
async function script(shell: string): Promise<string> {
  const { code, stdout } = await runDrover(['completion', shell]);
  assert.equal(code, 0);
  const path = join(temporaryFolder(), `completion.${shell}`);
  writeFileSync(path, stdout);
  return path;
}

test('bash completes commands, options, their values, and kinds of findings', needsTool('bash'), async () => {
  const path = await script('bash');
  for (const [typed, offered] of TYPED) {
    const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _drover; echo "\${COMPREPLY[@]}"`;
    assert.deepEqual(
      execFileSync('bash', ['-c', program, 'bash', path, ...typed], { encoding: 'utf8' })
        .trim()
        .split(' '),
      offered,
    );
  }
});

test('zsh is offered the same; it picks from that what fits by itself', needsTool('zsh'), async () => {
  const path = await script('zsh');
  for (const [typed, offered] of TYPED) {
    const list = `(${typed.map((word) => `'${word}'`).join(' ')})`;
    const program = `autoload -U compinit; compinit -u -D; source ${path}
      words=${list}; CURRENT=${typed.length}; COMP_WORDS=${list}; COMP_CWORD=${typed.length - 1}
      compgen -F _drover -- ''`;
    const printed = execFileSync('zsh', ['-f', '-c', program], { encoding: 'utf8' }).trim().split('\n');
    for (const word of offered) assert.ok(printed.includes(word), `${typed.join(' ')}: ${printed.join(' ')}`);
    assert.equal(printed.includes('analyze'), typed.length === 2 && !typed[1].startsWith('-'));
  }
});

test('fish does the same, with a word on each', needsTool('fish'), async () => {
  const path = await script('fish');
  for (const [typed, offered] of TYPED) {
    const line = typed.join(' ');
    const printed = execFileSync('fish', ['--no-config', '-c', `source ${path}; complete -C "${line}"`], {
      encoding: 'utf8',
    });
    assert.deepEqual(
      printed
        .trim()
        .split('\n')
        .map((each) => each.split('\t')[0]),
      offered,
      line,
    );
  }
});

test(
  'nothing that is typed, and no name of a file, is run by a shell that completes',
  needsTool('bash', 'zsh', 'fish'),
  async () => {
    const folder = temporaryFolder();
    const paths = { bash: await script('bash'), zsh: await script('zsh'), fish: await script('fish') };
    const odd = [
      '$(touch pwned)',
      '`touch pwned`',
      ';touch pwned',
      '|touch pwned',
      'a[$(touch pwned)]',
      '-$(touch pwned)',
      '--$(touch pwned)=$(touch pwned)',
      "'$(touch pwned)",
      '*',
      '~',
    ];
    for (const word of odd) if (word !== '~') writeFileSync(join(folder, word), '');
    const before = readdirSync(folder).sort();
    const lines = odd.flatMap((word) => [
      ['drover', word],
      ['drover', 'attach', '--save', word],
      ['drover', 'attach', word, ''],
      ['drover', 'explain', word],
      ['drover', word, '--engine', word],
    ]);
    // One shell completes them all: what each line offers is printed behind it, so that none was left out.
    const completed = (shell: string, ...words: readonly string[]): number =>
      execFileSync(shell, [...words], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
        .split('\n')
        .filter((line) => line === 'asked').length;
    const typed = lines.flatMap((words) => [String(words.length), ...words]);
    const bash = `source "$1"; shift
      while (($#)); do
        COMP_WORDS=("\${@:2:$1}"); COMP_CWORD=$(($1-1)); shift $(($1+1)); _drover; echo asked
      done`;
    assert.equal(completed('bash', '-c', bash, 'bash', paths.bash, ...typed), lines.length);
    const zsh = `autoload -U compinit; compinit -u -D; source "$1"; shift
      while (($#)); do
        words=("\${@:2:$1}"); CURRENT=$1; COMP_WORDS=("\${words[@]}"); COMP_CWORD=$(($1-1)); shift $(($1+1))
        compgen -F _drover -- ""; echo asked
      done`;
    assert.equal(completed('zsh', '-f', '-c', zsh, 'zsh', paths.zsh, ...typed), lines.length);
    const fish = 'source $argv[1]; for line in $argv[2..]; complete -C "$line"; echo asked; end';
    const typedLines = lines.map((words) => words.join(' '));
    assert.equal(completed('fish', '--no-config', '-c', fish, paths.fish, ...typedLines), lines.length);
    assert.deepEqual(readdirSync(folder).sort(), before);
  },
);

test('another shell is answered with those that there are', async () => {
  const { code, stderr } = await runDrover(['completion', 'tcsh']);
  assert.equal(code, 2);
  assert.match(stderr, /bash, zsh or fish/);
});
