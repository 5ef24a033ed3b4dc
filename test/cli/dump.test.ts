import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { writeDump } from '../../src/cli/capture/dump.ts';
import { OutputError } from '../../src/files/output-error.ts';
import type { TraceInput } from '../../src/sources/trace-input.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function inputOf(chunks: () => AsyncGenerator<Buffer>): TraceInput {
  return { name: 'ring', sizeBytes: null, bytesRead: 0, rereadable: false, diagnostics: [], chunks };
}

test('a dump gets its name when it is whole', async () => {
  const folder = temporaryFolder();
  const input = inputOf(async function* () {
    yield Buffer.from('a line\n');
    assert.ok(readdirSync(folder).every((name) => name.startsWith('.drover-')));
    yield Buffer.from('another\n');
  });
  const { path, bytes } = await writeDump(input, join(folder, 'web.trace'), { about: 15, most: 1_000 });
  assert.equal(readFileSync(path, 'latin1'), 'a line\nanother\n');
  assert.equal(bytes, 15);
  assert.match(path, /web-\d{8}T\d{6}\.trace$/);
  assert.equal(readdirSync(folder).length, 1);
});

test('a dump that fails in the middle leaves nothing', async () => {
  const folder = temporaryFolder();
  const input = inputOf(async function* () {
    yield Buffer.from('a line\n');
    throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
  });
  await assert.rejects(writeDump(input, join(folder, 'web.trace'), { about: 7, most: 1_000 }), OutputError);
  assert.deepEqual(readdirSync(folder), []);
});

test('a dump that drover does not finish, since somebody does not want to wait, leaves nothing', () => {
  const folder = temporaryFolder();
  const module = new URL('../../src/cli/capture/dump.js', import.meta.url).href;
  const program = `
    const { readdirSync } = await import('node:fs');
    const { writeDump } = await import(${JSON.stringify(module)});
    const chunks = async function* () {
      yield Buffer.from('a line');
      console.log(readdirSync(${JSON.stringify(folder)}).length);
      process.exit(130);
    };
    await writeDump({ chunks, diagnostics: [] }, ${JSON.stringify(join(folder, 'web.trace'))}, { about: 6, most: 1000 });`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  assert.deepEqual([status, stdout], [130, '1\n']);
  assert.deepEqual(readdirSync(folder), []);
});
