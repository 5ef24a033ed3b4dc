import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { decompressed, packedAs } from '../../src/sources/compression.ts';
import { InputError } from '../../src/sources/input-error.ts';
import type { SourceDiagnostic } from '../../src/sources/trace-input.ts';
import { needsTool } from '../support/needs-tool.ts';
import { withPath } from '../support/with-path.ts';
import { workerLines } from '../support/worker-lines.ts';

const TEXT = workerLines({ count: 4_001 });

/** Unpacks bytes that come in chunks whose memory is overwritten as soon as the next one is asked for. */
async function unpack(packed: Buffer, chunkBytes = 4_096): Promise<{ text: string; diagnostics: SourceDiagnostic[] }> {
  async function* chunks(): AsyncGenerator<Buffer> {
    const memory = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)];
    for (let from = 0, turn = 0; from < packed.length; from += chunkBytes, turn ^= 1) {
      const length = packed.copy(memory[turn] as Buffer, 0, from, from + chunkBytes);
      yield (memory[turn] as Buffer).subarray(0, length);
    }
  }
  const diagnostics: SourceDiagnostic[] = [];
  let text = '';
  for await (const chunk of decompressed(chunks(), 'trace', (diagnostic) => diagnostics.push(diagnostic)))
    text += chunk.toString('latin1');
  return { text, diagnostics };
}

test('plain bytes pass through unchanged, however they are cut', async () => {
  // The first bytes decide; what follows is passed on in chunks as they come.
  const text = TEXT.slice(0, 5_003);
  for (const chunkBytes of [1, 5, 6, 7])
    assert.deepEqual(await unpack(Buffer.from(text), chunkBytes), { text, diagnostics: [] });
  assert.deepEqual(await unpack(Buffer.from(TEXT)), { text: TEXT, diagnostics: [] });
  assert.deepEqual(await unpack(Buffer.alloc(0)), { text: '', diagnostics: [] });
  assert.deepEqual(await unpack(Buffer.from('a')), { text: 'a', diagnostics: [] });
});

test('gzip is recognised by its first bytes, however they are cut', async () => {
  // Two thousand packed bytes: each chunk is a step of zlib of its own.
  const text = TEXT.slice(0, 40_003);
  for (const chunkBytes of [1, 2, 3])
    assert.deepEqual(await unpack(gzipSync(text), chunkBytes), { text, diagnostics: [] });
  assert.deepEqual(await unpack(gzipSync(TEXT)), { text: TEXT, diagnostics: [] });
});

test('gzip data of several members are read to the end', async () => {
  const members = [TEXT.slice(0, 100), TEXT.slice(100, 50_000), TEXT.slice(50_000)].map((part) => gzipSync(part));
  assert.deepEqual(await unpack(Buffer.concat(members)), { text: TEXT, diagnostics: [] });
});

test('what stands before the break of a truncated gzip file is kept, and the break is told', async () => {
  const packed = gzipSync(TEXT);
  const { text, diagnostics } = await unpack(packed.subarray(0, packed.length - 2_003));
  assert.ok(text.length > TEXT.length / 2 && text.length < TEXT.length);
  assert.ok(TEXT.startsWith(text));
  assert.deepEqual(diagnostics, [
    { code: 'truncated-compression', text: 'the gzip data break off: unexpected end of file' },
  ]);
});

test('a gzip file that lost only its checksum gives every byte and says that it is cut', async () => {
  const { text, diagnostics } = await unpack(gzipSync(TEXT).subarray(0, -5));
  assert.equal(text, TEXT);
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ['truncated-compression'],
  );
});

test('gzip data without one readable byte are an error that names the input', async () => {
  await assert.rejects(unpack(Buffer.from([0x1f, 0x8b, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 1, 2, 3])), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, /^Cannot read trace: it is gzip data, and no byte of it can be unpacked/);
    return true;
  });
});

test('a failure of the disk behind gzip data is not taken for damaged data', async () => {
  const failing = (async function* () {
    yield gzipSync(TEXT).subarray(0, 500);
    throw new Error('the disk is gone');
  })();
  await assert.rejects(async () => {
    for await (const _ of decompressed(failing, 'trace', () => assert.fail('no diagnostic'))) void _;
  }, /the disk is gone/);
});

for (const program of ['zstd', 'xz', 'bzip2'] as const) {
  test(`${program} data are unpacked by the ${program} program, and a cut is told`, needsTool(program), async () => {
    const packed = execFileSync(program, ['-c'], { input: TEXT, stdio: ['pipe', 'pipe', 'ignore'] });
    assert.equal(packedAs(packed), program);
    assert.deepEqual(await unpack(packed, 61), { text: TEXT, diagnostics: [] });
    const twice = await unpack(Buffer.concat([packed, packed.subarray(0, packed.length >> 1)]));
    assert.ok(twice.text.startsWith(TEXT));
    assert.deepEqual(
      twice.diagnostics.map(({ code }) => code),
      ['truncated-compression'],
    );
  });
}

test('an empty PATH makes a zstd file an error that says what to install', async () => {
  await withPath('/nonexistent', async () => {
    await assert.rejects(unpack(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3, 4])), (error) => {
      assert.ok(error instanceof InputError);
      assert.equal(error.message, 'Cannot read trace: this needs the zstd program.');
      assert.equal(error.hint, 'Install it, or run: zstd -d trace');
      return true;
    });
  });
});

test('a text that begins with BZh is a text', () => {
  assert.equal(packedAs(Buffer.from('BZh9 was here')), 'none');
});

test('UTF-16, as PowerShell writes it, is read as UTF-8, in either order, packed too, and cut anywhere', async () => {
  const wide = Buffer.from(`\ufeff${TEXT}`, 'utf16le');
  const swapped = Buffer.from(wide).swap16();
  for (const bytes of [wide, swapped, wide.subarray(2), gzipSync(wide)])
    assert.deepEqual(await unpack(bytes, 61), { text: TEXT, diagnostics: [] });
  assert.equal(packedAs(Buffer.from('7 close', 'latin1')), 'none');
});
