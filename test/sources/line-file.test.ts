import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { LineFile } from '../../src/sources/line-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { sample } from '../support/truth.ts';

const folder = temporaryFolder();
let files = 0;
let spools = 0;

function spool(): Promise<string> {
  const path = join(folder, `spool-${++spools}`);
  writeFileSync(path, '', { mode: 0o600 });
  return Promise.resolve(path);
}

function fileOf(content: string | Buffer): LineFile {
  const path = join(folder, `file-${++files}`);
  writeFileSync(path, content);
  return new LineFile(path, { spool });
}

/** Lines `1` to `count`, some of them long. */
function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index + 1} ${'x'.repeat((index * 7) % 97)}\n`).join('');
}

describe('lines of a file', () => {
  it('are read by their numbers, wherever they stand', async () => {
    const file = fileOf(numbered(100_003));
    for (const first of [1, 255, 256, 257, 511, 99_991, 3]) {
      const lines = await file.read(first, 11);
      assert.deepEqual(
        lines.map(({ line, text }) => [line, Number(text.split(' ')[0])]),
        Array.from({ length: 11 }, (_, index) => [first + index, first + index]),
      );
    }
    await file.close();
  });

  it('beyond the end are the last ones, and then their number is known', async () => {
    const file = fileOf(numbered(1_009));
    assert.equal(file.total, null);
    const lines = await file.read(5_000, 7);
    assert.equal(file.total, 1_009);
    assert.deepEqual(
      lines.map(({ line }) => line),
      [1003, 1004, 1005, 1006, 1007, 1008, 1009],
    );
    await file.close();
  });

  it('may lack the last line end, or all', async () => {
    const cut = fileOf('one\ntwo\nthr');
    assert.deepEqual(await cut.read(2, 5), [
      { line: 2, text: 'two' },
      { line: 3, text: 'thr' },
    ]);
    assert.equal(cut.total, 3);
    const empty = fileOf('');
    assert.deepEqual(await empty.read(1, 5), []);
    assert.equal(empty.total, 0);
    const exact = fileOf(numbered(256));
    assert.equal((await exact.read(250, 50)).length, 7);
    assert.equal(exact.total, 256);
    for (const file of [cut, empty, exact]) await file.close();
  });

  it('may be of any length; what a screen cannot hold is cut', async () => {
    const file = fileOf(`short\n${'y'.repeat(3_000_017)}\nlast\n`);
    const lines = await file.read(1, 3);
    assert.deepEqual(
      lines.map(({ line, text }) => [line, text.length]),
      [
        [1, 5],
        [2, 16_384],
        [3, 4],
      ],
    );
    await file.close();
  });

  it('of a packed file are those of its text, unpacked where only its owner can read', async () => {
    const { trace } = sample('distracted-worker');
    const text = gunzipSync(readFileSync(trace)).toString('utf8').split('\n');
    const file = new LineFile(trace, { spool });
    const lines = await file.read(7_659, 5);
    assert.deepEqual(
      lines.map((each) => each.text),
      text.slice(7_658, 7_663),
    );
    assert.equal(statSync(join(folder, `spool-${spools}`)).mode & 0o777, 0o600);
    await file.close();
  });

  it('of a file that grows are found as it grows', async () => {
    const path = join(folder, 'growing');
    writeFileSync(path, numbered(307));
    let isGrowing = true;
    const file = new LineFile(path, { spool, isGrowing: () => isGrowing });
    assert.equal((await file.read(1_000, 5)).at(-1)?.line, 307);
    assert.equal(file.total, null);
    appendFileSync(path, '308 more\n309 more\n');
    assert.deepEqual(
      (await file.read(308, 5)).map(({ text }) => text),
      ['308 more', '309 more'],
    );
    isGrowing = false;
    await file.read(1_000, 5);
    assert.equal(file.total, 309);
    await file.close();
  });

  it('of a pipe are not looked for: they would be taken away from the analysis', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    await assert.rejects(new LineFile(path, { spool }).read(1, 1), /a pipe keeps no lines/);
  });

  it('are there as far as a broken packed file goes', async () => {
    const whole = gzipSync(numbered(20_011));
    const file = fileOf(whole.subarray(0, whole.length - 2_003));
    assert.equal((await file.read(1, 3)).length, 3);
    await file.close();
  });
});

describe('a search', () => {
  it('finds the nearest line in either direction, or none', async () => {
    const file = fileOf(
      Array.from({ length: 2_003 }, (_, index) => `${index + 1}${(index + 1) % 701 === 0 ? ' needle' : ''}\n`).join(''),
    );
    assert.equal(await file.seek('needle', 1, true), 701);
    assert.equal(await file.seek('needle', 701, true), 701);
    assert.equal(await file.seek('needle', 702, true), 1_402);
    assert.equal(await file.seek('needle', 1_403, true), null);
    assert.equal(await file.seek('needle', 1_402, false), 1_402);
    assert.equal(await file.seek('needle', 1_401, false), 701);
    assert.equal(await file.seek('needle', 700, false), null);
    assert.equal(await file.seek('hay', 1, true), null);
    await file.close();
  });

  it('tells all lines with a text, up to a limit', async () => {
    const file = fileOf(numbered(3_001));
    const told: number[][] = [];
    await file.filter('99 ', 17, (matches, ended) => {
      told.push([...matches, ended ? 1 : 0]);
      return true;
    });
    const last = told.at(-1) ?? [];
    assert.deepEqual(last.slice(0, 3), [99, 199, 299]);
    assert.equal(last.length, 18);
    assert.equal(last.at(-1), 1);
    await file.close();
  });

  it('finds the first line at a time, by what its lines say of it', async () => {
    const file = fileOf(
      Array.from({ length: 5_003 }, (_, index) => (index % 3 === 1 ? '<... resumed>\n' : `t=${index * 10}\n`)).join(''),
    );
    const timeOf = (text: string): number | null => (text.startsWith('t=') ? Number(text.slice(2)) : null);
    const line = await file.seekTime(30_000, timeOf);
    assert.ok(line >= 3_000 && line <= 3_001, String(line));
    assert.equal(await file.seekTime(-5, timeOf), 1);
    assert.ok((await file.seekTime(1e9, timeOf)) >= 5_002);
    await file.close();
  });
});

describe('lines that are shown in other words', () => {
  const shouting = (): LineFile => {
    const path = join(folder, `file-${++files}`);
    writeFileSync(path, 'head\none\ntwo\nthree\n');
    return new LineFile(path, {
      spool,
      inWords: (head) => {
        assert.equal(head.toString(), 'head\none\ntwo\nthree\n');
        return (lines) => lines.map((line) => (line === 'two' ? 'TWO' : line));
      },
    });
  };

  it('come with the line as it stands in the file', async () => {
    assert.deepEqual(await shouting().read(2, 2), [
      { line: 2, text: 'one' },
      { line: 3, text: 'TWO', original: 'two' },
    ]);
  });

  it('are found by either', async () => {
    assert.equal(await shouting().seek('TWO', 1, true), 3);
    assert.equal(await shouting().seek('two', 1, true), 3);
    const found: number[] = [];
    await shouting().filter('tw', 10, (matches) => found.push(...matches) >= 0);
    assert.deepEqual(found, [3]);
  });
});
