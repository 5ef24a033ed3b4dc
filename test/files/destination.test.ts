import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Destination } from '../../src/files/destination.ts';
import { areSameName } from '../../src/files/file-identity.ts';
import { asOperand } from '../../src/files/operand.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = temporaryFolder();
let made = 0;

/** A folder of its own for a test. */
function folder(): string {
  const path = join(FOLDER, String(made++));
  mkdirSync(path);
  return path;
}

function find(
  path: string,
  { force = false, inputs = [] }: { readonly force?: boolean; readonly inputs?: readonly string[] } = {},
) {
  return Destination.find(path, { option: '-o', force, inputs });
}

test('a file is private, appears whole, and leaves nothing beside it', () => {
  const place = folder();
  find(join(place, 'report')).write('whole');
  assert.equal(readFileSync(join(place, 'report'), 'utf8'), 'whole');
  assert.equal(statSync(join(place, 'report')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(place), ['report']);
});

test('a file that is there is kept, or replaced as a whole with force; other names of it keep what they had', () => {
  const place = folder();
  const old = join(place, 'old');
  writeFileSync(old, 'mine', { mode: 0o644 });
  linkSync(old, join(place, 'second name'));
  assert.throws(() => find(old), {
    name: 'OutputError',
    fault: 'name',
    message: /it exists already\.$/,
    hint: /--force/,
  });
  assert.equal(readFileSync(old, 'utf8'), 'mine');
  find(old, { force: true }).write('new');
  assert.equal(readFileSync(old, 'utf8'), 'new');
  assert.equal(statSync(old).mode & 0o777, 0o600);
  assert.equal(readFileSync(join(place, 'second name'), 'utf8'), 'mine');
});

test('no link is followed or replaced, whatever it leads to, with force or without', () => {
  const place = folder();
  writeFileSync(join(place, 'target'), 'mine');
  for (const [name, target] of [
    ['to a file', 'target'],
    ['to nothing', 'nothing'],
    ['to itself', 'to itself'],
    ['to a directory', '.'],
    ['to a device', '/dev/null'],
  ] as const) {
    symlinkSync(target, join(place, name));
    for (const force of [false, true])
      assert.throws(
        () => find(join(place, name), { force }),
        { fault: 'name', message: /it is a symbolic link\.$/ },
        name,
      );
    assert.ok(lstatSync(join(place, name)).isSymbolicLink());
  }
  assert.equal(readFileSync(join(place, 'target'), 'utf8'), 'mine');
  assert.ok(!existsSync(join(place, 'nothing')));
});

test('what somebody puts there after the first look is not touched', () => {
  const place = folder();
  const path = join(place, 'report');
  writeFileSync(join(place, 'target'), 'mine');
  for (const force of [false, true]) {
    const planted = find(path, { force });
    symlinkSync('target', path);
    assert.throws(() => planted.write('report'), { fault: 'name', message: /symbolic link/ });
    unlinkSync(path);
  }
  const late = find(path);
  writeFileSync(path, 'theirs');
  assert.throws(() => late.write('report'), { message: /it exists already/ });
  assert.equal(readFileSync(path, 'utf8'), 'theirs');
  assert.equal(readFileSync(join(place, 'target'), 'utf8'), 'mine');
  assert.deepEqual(readdirSync(place).sort(), ['report', 'target']);
});

test('an input is never replaced: by its name, another name, that of a directory, or a later one', () => {
  const place = folder();
  const input = join(place, 'trace');
  writeFileSync(input, 'calls');
  linkSync(input, join(place, 'hard'));
  symlinkSync('.', join(place, 'same'));
  for (const path of [input, join(place, 'hard'), join(place, 'same', 'trace'), `${place}/./trace`])
    assert.throws(
      () => find(path, { force: true, inputs: [input] }),
      { fault: 'name', message: /it is the trace itself\.$/ },
      path,
    );

  const linkedLater = find(join(place, 'later'), { force: true, inputs: [input] });
  linkSync(input, join(place, 'later'));
  assert.throws(() => linkedLater.write('report'), { message: /the trace itself/ });

  const moved = find(join(place, 'moved'), { force: true, inputs: [input] });
  renameSync(input, join(place, 'moved'));
  assert.throws(() => moved.write('report'), { message: /the trace itself/ });

  const madeLater = find(join(place, 'made'), { force: true, inputs: [join(place, 'made later')] });
  writeFileSync(join(place, 'made later'), 'calls');
  linkSync(join(place, 'made later'), join(place, 'made'));
  assert.throws(() => madeLater.write('report'), { message: /the trace itself/ });
  assert.equal(readFileSync(join(place, 'moved'), 'utf8'), 'calls');
});

test('a directory that is replaced meanwhile: the file lands in the one that was named', () => {
  const place = folder();
  const elsewhere = folder();
  mkdirSync(join(place, 'named'));
  const destination = find(join(place, 'named', 'report'));
  renameSync(join(place, 'named'), join(place, 'moved'));
  symlinkSync(elsewhere, join(place, 'named'));
  destination.write('report');
  assert.deepEqual(readdirSync(elsewhere), []);
  assert.equal(readFileSync(join(place, 'moved', 'report'), 'utf8'), 'report');
});

test('names that are no names of files are refused', () => {
  const place = folder();
  for (const path of ['', '.', '..', '/', `${place}/`, `${place}/new/`, place, `${place}/.`, `${place}/..`])
    assert.throws(() => find(path, { force: true }), { name: 'OutputError', fault: 'name' }, path);
  assert.throws(() => find(join(place, 'absent', 'report')), { fault: 'name', message: /there is no directory/ });
  assert.throws(() => find(join(place, 'n'.repeat(256))), { fault: 'name' });
  execFileSync('mkfifo', [join(place, 'pipe')]);
  assert.throws(() => find(join(place, 'pipe'), { force: true }), {
    fault: 'name',
    message: /it is a named pipe, not a file\.$/,
  });
  assert.throws(() => find('/dev/null', { force: true }), { fault: 'name', message: /it is a device, not a file\.$/ });
  assert.deepEqual(readdirSync(place), ['pipe']);
});

test('names that mean something elsewhere are plain names here', () => {
  const place = folder();
  for (const name of [
    '!touch x',
    '|touch x',
    '-o',
    '--help',
    '$(touch x)',
    'a\nb',
    '`touch x`',
    '~',
    '*',
    '\\x41',
    'a b',
    "'",
    '"',
    '%s',
    '\x1b[2J',
  ])
    find(join(place, name)).write(name);
  for (const name of readdirSync(place)) assert.equal(readFileSync(join(place, name), 'utf8'), name);
  assert.equal(readdirSync(place).length, 15);
});

test('a whole file gets its name without a copy, and also when its own name is gone', () => {
  const place = folder();
  const grown = join(place, 'grown');
  writeFileSync(grown, 'capture');
  const { ino } = statSync(grown);
  find(join(place, 'first')).take(grown, openSync(grown, 'r'));
  assert.equal(statSync(join(place, 'first')).ino, ino);
  const descriptor = openSync(join(place, 'first'), 'r');
  unlinkSync(join(place, 'first'));
  find(join(place, 'second')).take(join(place, 'first'), descriptor);
  assert.equal(readFileSync(join(place, 'second'), 'utf8'), 'capture');
  assert.deepEqual(readdirSync(place), ['second']);
});

test('the same name in the same directory is recognised, whether there is a file or not', () => {
  const place = folder();
  symlinkSync('.', join(place, 'same'));
  assert.ok(areSameName(join(place, 'x'), join(place, 'same', 'x')));
  assert.ok(areSameName(`${place}/x`, `${place}/same//./x`));
  assert.ok(!areSameName(join(place, 'x'), join(place, 'y')));
  assert.ok(!areSameName(join(place, 'x'), join(place, 'absent', 'x')));
});

test('a path is printed so that a shell reads it as this path, and drover as a path', () => {
  for (const path of [
    'trace.strace',
    '/a/b-c_d.e:f',
    '-o',
    '--help',
    '$(touch x)',
    '`x`',
    "it's",
    'a b',
    '|x',
    '!x',
    '*',
    'a\nb',
    '~',
    '',
    "'",
    '\\',
    'é',
  ]) {
    const printed = execFileSync('bash', ['-c', `printf '%s\\0' ${asOperand(path)}`], { encoding: 'utf8' });
    assert.equal(printed, `${path.startsWith('-') ? './' : ''}${path}\0`);
  }
});
