import assert from 'node:assert/strict';
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { descriptorLines } from '../../src/sources/bpftrace/descriptor-lines.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = temporaryFolder();

test('open descriptors of a process are described, also files without a name', () => {
  const path = join(FOLDER, 'wgunicorn-x');
  const fd = openSync(path, 'w');
  unlinkSync(path);
  assert.ok(descriptorLines([process.pid]).includes(`event=fd pid=${process.pid} fd=${fd} is=${path}\n`));
  closeSync(fd);
});

test('names that could be more than a name are left out', () => {
  const fds = ['a b', 'a\nts=1 dur=1', 'a"b', 'a<b'].map((name) => openSync(join(FOLDER, name), 'w'));
  const lines = descriptorLines([process.pid]);
  for (const fd of fds) {
    assert.doesNotMatch(lines, new RegExp(` fd=${fd} `));
    closeSync(fd);
  }
});

test('a process that is gone has none', () => {
  assert.equal(descriptorLines([2 ** 30]), '');
});
