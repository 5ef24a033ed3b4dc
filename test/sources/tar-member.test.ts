import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { ByteInput } from '../../src/sources/byte-input.ts';
import { InputError } from '../../src/sources/input-error.ts';

const TRACE = Array.from(
  { length: 101 },
  (_, n) => `${7 + (n % 3)} ${(1_795_200_000.000213 + n * 0.01).toFixed(6)} read(${n % 5}, "", 64) = 0 <0.000017>\n`,
).join('');

/** A member as tar writes it; `kind` `5` is a folder, `x` what belongs to the next one. */
function member(name: string, text: string, kind = '0'): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write(kind, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  return Buffer.concat([header, Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)]);
}

const END = Buffer.alloc(1_024);

async function reportOn(bytes: Buffer, chunkBytes: number): Promise<Report> {
  const read = (): Buffer[] =>
    Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, n) =>
      bytes.subarray(n * chunkBytes, (n + 1) * chunkBytes),
    );
  const input = new ByteInput({ name: 'a.tar', tid: undefined, sizeBytes: bytes.length, rereadable: true, read });
  return analyzeInputs({ kind: 'file', paths: ['a.tar'], inputs: [input], leftOut: [], notices: [] }, {});
}

describe('a tar archive of one file', () => {
  const ARCHIVES = {
    'the file alone': [member('trace.log', TRACE)],
    'in a folder, with what macOS and pax put beside it': [
      member('capture/', '', '5'),
      member('PaxHeaders/trace.log', '27 mtime=1795200000.000213\n', 'x'),
      member('capture/._trace.log', 'Mac OS X'),
      member('capture/trace.log', TRACE),
      member('capture/empty.log', ''),
    ],
  };
  for (const [name, members] of Object.entries(ARCHIVES)) {
    it(`is read as that file: ${name}`, async () => {
      const bytes = Buffer.concat([...members, END]);
      for (const packed of [bytes, gzipSync(bytes)])
        for (const chunkBytes of [97, 512, 65_536]) {
          const { calls, quality } = await reportOn(packed, chunkBytes);
          assert.equal(calls[0]?.count, 101);
          assert.equal(quality.lines, 101);
          assert.deepEqual(quality.diagnostics, []);
        }
    });
  }
});

describe('a tar archive of several files', () => {
  it('is no trace: which thread each is of, their names say', async () => {
    const bytes = Buffer.concat([
      member('ff/', '', '5'),
      member('ff/trace.7', TRACE),
      member('ff/trace.8', TRACE),
      END,
    ]);
    for (const chunkBytes of [97, 65_536]) {
      await assert.rejects(reportOn(bytes, chunkBytes), (error: Error) => {
        assert.ok(error instanceof InputError);
        assert.equal(error.message, 'a.tar holds several files: a tar archive; type: tar -xf a.tar && drover ff');
        return true;
      });
    }
  });
});
