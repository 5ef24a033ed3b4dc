import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { fileInput } from '../../src/sources/file-input.ts';
import { cannotRead, InputError } from '../../src/sources/input-error.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { workerLines } from '../support/worker-lines.ts';

const FOLDER = temporaryFolder();
const TEXT = workerLines({ count: 30_011 });
const PLAIN = join(FOLDER, 'plain.strace');
writeFileSync(PLAIN, TEXT);

async function read(
  path: string,
  { reopen = false, chunkBytes = 65_536 } = {},
): Promise<{ text: string; bytesRead: number; sizeBytes: number | null }> {
  const input = fileInput(path, { chunkBytes, reopen, isOneOfSeveral: false, tid: undefined });
  let text = '';
  for await (const chunk of input.chunks()) text += chunk.toString('latin1');
  return { text, bytesRead: input.bytesRead, sizeBytes: input.sizeBytes };
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

test('a file comes whole, held open or opened for each chunk', async () => {
  for (const reopen of [false, true]) {
    for (const chunkBytes of [4_096, 65_536, TEXT.length, TEXT.length * 2]) {
      assert.deepEqual(await read(PLAIN, { reopen, chunkBytes }), {
        text: TEXT,
        bytesRead: TEXT.length,
        sizeBytes: TEXT.length,
      });
    }
  }
});

test('a chunk stays as it is until two further ones were asked for', async () => {
  for (const reopen of [false, true]) {
    const chunks = fileInput(PLAIN, { chunkBytes: 4_096, reopen, isOneOfSeveral: false, tid: undefined }).chunks();
    const first = (await chunks.next()).value as Buffer;
    await chunks.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(first.toString('latin1'), TEXT.slice(0, 4_096));
    await chunks.return?.();
  }
});

test('bytes read of a packed file are counted as they lie on the disk, so that they make a percentage', async () => {
  const path = join(FOLDER, 'packed.txt');
  const packed = gzipSync(TEXT);
  writeFileSync(path, packed);
  assert.deepEqual(await read(path), { text: TEXT, bytesRead: packed.length, sizeBytes: packed.length });
});

test('reading again starts from the beginning', async () => {
  const input = fileInput(PLAIN, { chunkBytes: 65_536, reopen: false, isOneOfSeveral: false, tid: undefined });
  const first = input.chunks();
  await first.next();
  await first.return?.();
  let length = 0;
  for await (const chunk of input.chunks()) length += chunk.length;
  assert.equal(length, TEXT.length);
  assert.equal(input.bytesRead, TEXT.length);
});

test('no descriptor stays open after the end, nor after giving up in the middle', async () => {
  const before = openDescriptors();
  await read(PLAIN);
  for (const path of [PLAIN, join(FOLDER, 'packed.txt')]) {
    const chunks = fileInput(path, {
      chunkBytes: 4_096,
      reopen: false,
      isOneOfSeveral: false,
      tid: undefined,
    }).chunks();
    await chunks.next();
    await chunks.return?.();
  }
  assert.equal(openDescriptors(), before);
});

test('a named pipe is read to its end, and once only', async () => {
  const path = join(FOLDER, 'pipe');
  execFileSync('mkfifo', [path]);
  const input = fileInput(path, { chunkBytes: 65_536, reopen: true, isOneOfSeveral: false, tid: undefined });
  assert.equal(input.rereadable, false);
  assert.equal(input.sizeBytes, null);
  const writing = new Promise<void>((resolve) => setTimeout(() => resolve(), 10)).then(async () => {
    const { writeFile } = await import('node:fs/promises');
    await writeFile(path, TEXT);
  });
  let text = '';
  for await (const chunk of input.chunks()) text += chunk.toString('latin1');
  await writing;
  assert.equal(text, TEXT);
});

test('an absent file is an error that names it and the reason', () => {
  assert.throws(
    () => fileInput(join(FOLDER, 'absent'), { chunkBytes: 1, reopen: false, isOneOfSeveral: false, tid: undefined }),
    (error) => {
      assert.ok(error instanceof InputError);
      assert.equal(error.message, `Cannot read ${join(FOLDER, 'absent')}: there is no such file.`);
      return true;
    },
  );
});

test('a file of root is an error that tells how to get at it', () => {
  const { message, hint } = cannotRead('trace', Object.assign(new Error('EACCES'), { code: 'EACCES' }));
  assert.equal(message, 'Cannot read trace: permission denied.');
  assert.match(hint, /sudo/);
});
