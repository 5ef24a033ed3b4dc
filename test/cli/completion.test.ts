import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
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
    ['auto', 'bpftrace', 'strace'],
  ],
  [['drover', 'explain', 'loo'], ['loop-stall']],
  [['drover', 'triage', '--theme', 'c'], ['cvd']],
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
    const program = `autoload -U compinit; compinit -u -D; source ${path}; words=${list}; CURRENT=${typed.length}; COMP_WORDS=${list}; COMP_CWORD=${typed.length - 1}; compgen -F _drover -- ''`;
    const printed = execFileSync('zsh', ['-f', '-c', program], { encoding: 'utf8' }).trim().split('\n');
    for (const word of offered) assert.ok(printed.includes(word), `${typed.join(' ')}: ${printed.join(' ')}`);
    assert.equal(printed.includes('analyze'), typed.length === 2);
  }
});

test('fish does the same, with a word on each', needsTool('fish'), async () => {
  const path = await script('fish');
  for (const [typed, offered] of TYPED) {
    const line = typed.join(' ');
    const printed = execFileSync('fish', ['--no-config', '-c', `source ${path}; complete -C "${line}"`], { encoding: 'utf8' });
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

test('another shell is answered with those that there are', async () => {
  const { code, stderr } = await runDrover(['completion', 'tcsh']);
  assert.equal(code, 2);
  assert.match(stderr, /bash, zsh, fish/);
});
