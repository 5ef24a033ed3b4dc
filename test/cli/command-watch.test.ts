import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { CommandWatch } from '../../src/cli/capture/command-watch.ts';
import { processesWith, until } from '../support/live-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = temporaryFolder();

test('a command is told when it begins to fail, and again when it had worked in between', async () => {
  const told: string[] = [];
  const codes = ['3', '3', '0', '7'];
  const path = join(FOLDER, 'runs');
  const cases = codes.map((code, at) => `${at + 1}) exit ${code};;`).join(' ');
  const script = `echo >> ${path}; case $(wc -l < ${path}) in ${cases} *) exit 7;; esac`;
  const watch = CommandWatch.start(['sh', '-c', script], (reason) => told.push(reason), { everyMs: 20 });
  try {
    await until('a second failure', () => told.length >= 2);
    assert.deepEqual(told, ['sh failed: exit code 3', 'sh failed: exit code 7']);
  } finally {
    watch.end();
  }
});

test('how a command was killed is told', async () => {
  const told: string[] = [];
  const watch = CommandWatch.start(['sh', '-c', 'kill -9 $$'], (reason) => told.push(reason));
  await until('it to be told', () => told.length > 0);
  watch.end();
  assert.deepEqual(told, ['sh failed: SIGKILL']);
});

/** A check that ignores who asks it to end, and has a child that hangs: `word` stands in both command lines. */
function hanging(word: string): [string, ...string[]] {
  return ['sh', '-c', `trap '' TERM INT HUP; sh -c 'while :; do sleep 0.1; done' ${word}; : ${word}`, word];
}

test('a command that does not end is killed with all that it started', async () => {
  const told: string[] = [];
  const word = join(FOLDER, 'late');
  const watch = CommandWatch.start(hanging(word), (reason) => told.push(reason), {
    everyMs: 20_000,
    patienceMs: 500,
  });
  try {
    await until('it to be told', () => told.length > 0);
    assert.deepEqual(told, ['sh failed: it had not ended after 0.5 s']);
    await until('nothing to be left', () => processesWith(word).length === 0);
  } finally {
    watch.end();
  }
});

/** The same, but the child has a session of its own, and its child an environment without a word of the check's. */
function escaping(word: string): [string, ...string[]] {
  const innermost = `env -i sh -c 'while :; do sleep 0.1; done' ${word}`;
  const daemon = `setsid sh -c "${innermost} & wait" ${word}`;
  // Nobody is left who is its parent.
  return ['sh', '-c', `trap '' TERM INT HUP; (${daemon} &); while :; do sleep 0.1; done`, word];
}

test('a command that does not end is killed with what left its session, whatever else of the user runs', async () => {
  const told: string[] = [];
  const word = join(FOLDER, 'escaped');
  const other = join(FOLDER, 'another');
  const bystander = spawn('setsid', ['sh', '-c', 'sleep 20', other], { stdio: 'ignore' });
  const watch = CommandWatch.start(escaping(word), (reason) => told.push(reason), {
    everyMs: 20_000,
    patienceMs: 1_500,
  });
  try {
    await until('it to have left', () => processesWith(word).length >= 3);
    await until('it to be told', () => told.length > 0);
    await until('nothing to be left', () => processesWith(word).length === 0);
    assert.equal(processesWith(other).length, 1);
  } finally {
    watch.end();
    bystander.kill('SIGKILL');
  }
});

test('what a command that ends in time leaves behind stays, as a connection that ssh keeps', async () => {
  const word = join(FOLDER, 'kept');
  const told: string[] = [];
  const script = `setsid timeout 10 sh -c 'while :; do sleep 0.1; done' ${word} & sleep 0.5; exit 3`;
  const watch = CommandWatch.start(['sh', '-c', script], (reason) => told.push(reason), { everyMs: 20_000 });
  await until('it to be told', () => told.length > 0);
  watch.end();
  const left = processesWith(word);
  assert.ok(left.length > 0);
  for (const pid of left) process.kill(pid, 'SIGKILL');
});

test('the end of the watch ends what runs', async () => {
  const word = join(FOLDER, 'ended');
  const script = `test -e ${word} || { : >${word}; exit 0; }; ${hanging(word)[2]}`;
  const watch = CommandWatch.start(['sh', '-c', script, word], () => undefined, { everyMs: 50 });
  await until('a check to hang', () => processesWith(word).length > 2);
  watch.end();
  await until('nothing to be left', () => processesWith(word).length === 0);
});

test('kill -9 of drover leaves no check behind', async () => {
  const word = join(FOLDER, 'orphan');
  const module = new URL('../../src/cli/capture/command-watch.js', import.meta.url).href;
  const program = `
    const { CommandWatch } = await import(${JSON.stringify(module)});
    CommandWatch.start(${JSON.stringify(hanging(word))}, () => undefined);`;
  const drover = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
  await until('a check to hang', () => processesWith(word).length > 2);
  drover.kill('SIGKILL');
  await until('nothing to be left', () => processesWith(word).length === 0, 5_000);
});

test('a command has a session of its own, which the keys of a terminal do not reach', async () => {
  const path = join(FOLDER, 'session');
  const watch = CommandWatch.start(
    ['sh', '-c', `cat /proc/$$/stat > ${path}.new; mv ${path}.new ${path}`],
    () => undefined,
  );
  await until('its word', () => existsSync(path));
  watch.end();
  const session = (stat: string) => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3];
  assert.notEqual(session(readFileSync(path, 'latin1')), session(readFileSync('/proc/self/stat', 'latin1')));
});

test('what is no program is wrong usage, at once', () => {
  for (const word of ['drover-no-such-program', '/etc', join(FOLDER, 'none'), ''])
    assert.throws(() => CommandWatch.start([word], () => undefined), /cannot be started: there is no such program/);
});
