import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { typed } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = temporaryFolder();
const PLACES = ['kubernetes', 'docker', 'podman', 'systemd', 'ansible'];

async function printed(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await typed(['recipe', ...words]);
  assert.equal(code, 0, stderr);
  return stdout;
}

test('each place has a script that says what it needs, leaves and costs, and what was not tried', async () => {
  for (const place of PLACES) {
    const text = await printed(place, '--for', '17s');
    const path = join(FOLDER, `${place}.sh`);
    writeFileSync(path, text);
    execFileSync('sh', ['-n', path]);
    assert.doesNotMatch(text, /DROVER:[A-Z]/, place);
    assert.match(text, /\b17\b/, place);
    for (const heading of ['Needs', 'Leaves', 'Slower', 'Tried'])
      assert.match(text, new RegExp(`^# ${heading} `, 'm'), place);
    assert.match(text, /NOT tried: /, place);
    assert.match(text, /capture\.sh/, place);
    assert.ok(text.split('\n').length <= 75, `${place} is too long for 3 a.m.`);
    assert.deepEqual(
      text.split('\n').filter((line) => line.length > 120),
      [],
      place,
    );
  }
});

test('a script without its names does nothing but say which is missing', async () => {
  for (const [place, name] of [
    ['kubernetes', 'POD'],
    ['docker', 'CONTAINER'],
    ['podman', 'CONTAINER'],
    ['systemd', 'UNIT'],
    ['ansible', 'HOSTS'],
  ] as const) {
    const path = join(FOLDER, `unnamed-${place}.sh`);
    writeFileSync(path, await printed(place));
    assert.throws(
      () => execFileSync('/bin/sh', [path], { env: { PATH: process.env.PATH ?? '' }, stdio: 'pipe', cwd: FOLDER }),
      (error) => new RegExp(`${name}: (?:the|a) `).test(String((error as { readonly stderr?: Buffer }).stderr)),
    );
  }
});

test('the kubernetes script names the profile with each command that debugs', async () => {
  const commands = (await printed('kubernetes')).split('\n').filter((line) => /kubectl debug /.test(line));
  assert.ok(commands.length >= 2);
  for (const command of commands) assert.match(command, /--profile=|"\$@"/);
});

test('the image for capturing holds a tracer and ends by itself', async () => {
  const text = await printed('containerfile');
  assert.match(text, /^FROM \S+$/m);
  assert.match(text, /strace bpftrace/);
  assert.match(text, /^CMD \["sleep", "600"\]$/m);
});
