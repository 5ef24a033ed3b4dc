import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { InputError } from '../../src/sources/input-error.ts';
import { openInputs } from '../../src/sources/open-inputs.ts';
import { listTraceDirectory, rotatedParts, tidInName } from '../../src/sources/trace-directory.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = temporaryFolder();

function directory(name: string, files: readonly string[]): string {
  const path = join(FOLDER, name);
  mkdirSync(path);
  for (const file of files) writeFileSync(join(path, file), '');
  return path;
}

test('the name of a -ff file tells its thread, packed or not', () => {
  assert.deepEqual(
    ['trace.4711', 'a/b.c.17', 'trace.4711.gz', 'trace.4711.zst'].map(tidInName),
    [4711, 17, 4711, 4711],
  );
  assert.deepEqual(
    ['trace', 'trace.0', 'trace.007', 'trace.strace.gz', '4711', 'trace.4711.txt', 'trace.12345678901'].map(tidInName),
    Array(7).fill(undefined),
  );
});

test('the files of a directory come in the order of their threads', () => {
  const path = directory('set', ['trace.1000', 'trace.99', 'trace.200.gz']);
  assert.deepEqual(
    listTraceDirectory(path).files.map(({ path: file, tid }) => [file.slice(path.length + 1), tid]),
    [
      ['trace.99', 99],
      ['trace.200.gz', 200],
      ['trace.1000', 1000],
    ],
  );
  assert.deepEqual(listTraceDirectory(path).notices, []);
});

test('files of other names are left out, and said to be', () => {
  const path = directory('mixed', ['trace.17', 'notes.txt', 'README', 'drive.log', 'core']);
  const { files, notices } = listTraceDirectory(path);
  assert.deepEqual(
    files.map(({ tid }) => tid),
    [17],
  );
  assert.equal(notices.length, 1);
  assert.match(notices[0] ?? '', /4|and 1 more/);
});

test('two sets in one directory are read as one trace, and said to be two', () => {
  const path = directory('two', ['web.17', 'web.19', 'db.23']);
  const { files, notices } = listTraceDirectory(path);
  assert.equal(files.length, 3);
  assert.match(
    notices[0] ?? '',
    /holds 2 sets of files, read as one trace: (db\.\* \(1\), web\.\* \(2\)|web\.\* \(2\), db\.\* \(1\))\./,
  );
});

test('of many sets in one directory a few are named', () => {
  const names = Array.from({ length: 23 }, (_, index) => `web${index}.17`);
  const { notices } = listTraceDirectory(directory('many', names));
  assert.match(notices[0] ?? '', /holds 23 sets of files, read as one trace: (?:web\d+\.\* \(1\),? ){3}and 20 more\./);
});

test('a directory without such files is an error that names what may have been meant', () => {
  const path = directory('sample', ['trace.strace.gz']);
  assert.throws(
    () => listTraceDirectory(path),
    (error) => {
      assert.ok(error instanceof InputError);
      assert.equal(error.message, `${path} holds no files named NAME.PID, as strace -ff writes them.`);
      assert.equal(error.hint, `Name the trace itself: ${join(path, 'trace.strace.gz')}.`);
      return true;
    },
  );
  assert.throws(() => listTraceDirectory(directory('empty', [])), /holds no files/);
});

test('a file that is named twice is read once, and said to be', () => {
  const path = directory('repeat', ['trace.17', 'trace.19']);
  const set = openInputs([path, join(path, 'trace.17')]);
  assert.deepEqual(
    set.inputs.map(({ tid }) => tid),
    [17, 19],
  );
  assert.deepEqual(set.notices, [`${join(path, 'trace.17')} was named twice and is read once.`]);
  assert.deepEqual(set.paths, [path, join(path, 'trace.17')]);
});

test('the parts of a rotated capture are named with what reads them in order, and no part is read alone', () => {
  const path = directory('rotated', ['trace.log', 'trace.log.1', 'trace.log.2.gz', 'notes.txt']);
  for (const read of [
    () => listTraceDirectory(path),
    () => openInputs([join(path, 'trace.log'), join(path, 'trace.log.1')]),
  ])
    assert.throws(read, (error: unknown) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /trace\.log and the files with numbers behind it are parts of one capture/);
      return true;
    });
  assert.throws(
    () => listTraceDirectory(path),
    (error: unknown) => {
      const names = String((error as InputError).hint).match(
        /zcat -f \S+trace\.log\.2\.gz \S+trace\.log\.1 \S+trace\.log \| drover/,
      );
      return names !== null;
    },
  );
});

test('files of strace -ff, and of threads whose numbers begin elsewhere, are no rotated capture', () => {
  assert.equal(rotatedParts(['a/trace.1', 'a/trace.2']), null);
  assert.equal(rotatedParts(['a/trace', 'a/trace.7']), null);
  assert.equal(rotatedParts(['a/trace', 'a/trace.1', 'a/trace.3']), null);
  assert.equal(rotatedParts(['a/trace', 'b/trace.1']), null);
  assert.deepEqual(rotatedParts(['a/t', 'a/t.1', 'a/t.2']), ['a/t.2', 'a/t.1', 'a/t']);
});
