import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeInputs, type DriveHooks } from '../../src/pipeline/analyze-inputs.ts';
import { WORTH_A_THREAD } from '../../src/pipeline/parser-thread.ts';
import { ByteInput } from '../../src/sources/byte-input.ts';
import { InputError } from '../../src/sources/input-error.ts';
import { openInputs } from '../../src/sources/open-inputs.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { EPOCH, workerLines } from '../support/worker-lines.ts';

const FOLDER = temporaryFolder();
const GOOD = { 17: 101, 19: 103, 23: 107 };
const ALL = 101 + 103 + 107;

/** A directory of `-ff` files; a value is the number of lines, or what the file holds. */
function set(name: string, files: Readonly<Record<number, number | string | Buffer>> = GOOD, suffix = ''): string {
  const folder = join(FOLDER, name);
  mkdirSync(folder);
  for (const [tid, held] of Object.entries(files)) {
    const text = typeof held === 'number' ? workerLines({ from: EPOCH + Number(tid) / 1_000, count: held }) : held;
    writeFileSync(join(folder, `t.${tid}${suffix}`), text);
  }
  return folder;
}

/** What the report says was wrong with files: code, and the text of each sample with its folder left out. */
function told({ quality }: Report, folder: string): Readonly<Record<string, readonly string[]>> {
  const wanted = ['read-error', 'skipped-file', 'shrunk-file', 'grown-file'];
  return Object.fromEntries(
    quality.diagnostics
      .filter(({ code }) => wanted.includes(code))
      .map(({ code, samples }) => [
        code,
        samples.map(({ file, text }) => `${file} ${text}`.replaceAll(`${folder}/`, '')).toSorted(),
      ]),
  );
}

/** Reads a set, and does something to it after the first chunk. */
function analyzeMeanwhile(operands: readonly string[], meanwhile: () => void, hooks: DriveHooks = {}): Promise<Report> {
  let isDone = false;
  return analyzeInputs(
    openInputs(operands),
    {},
    {
      ...hooks,
      progress: () => {
        if (!isDone) meanwhile();
        isDone = true;
      },
    },
  );
}

test('links to nowhere and irregular files in a directory are left out and told; nothing is waited for', async () => {
  const folder = set('odd');
  symlinkSync('nowhere', join(folder, 't.1'));
  symlinkSync(FOLDER, join(folder, 't.2'));
  execFileSync('mkfifo', [join(folder, 't.3')]);
  symlinkSync('/dev/null', join(folder, 't.4'));
  symlinkSync('t.5', join(folder, 't.5'));
  symlinkSync('/proc/self/mem', join(folder, 't.6'));
  symlinkSync('t.17', join(folder, 't.29'));
  const server = createServer().listen(join(folder, 't.7'));
  await new Promise((resolve) => server.once('listening', resolve));
  const { code, stdout, stderr } = await runDrover(['--json', folder]);
  server.close();
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout) as Report;
  assert.equal(report.quality.lines, ALL);
  assert.equal(report.quality.grade, 'partial');
  assert.deepEqual(told(report, folder), {
    'read-error': [
      't.1 t.1: it is a link to a file that is not there, or was removed',
      't.5 t.5: too many symbolic links',
      't.6 the device reports an input/output error',
    ],
    'skipped-file': [
      't.2 t.2: it is a directory',
      't.3 t.3: it is a named pipe',
      't.4 t.4: it is a device',
      't.7 t.7: it is a socket',
    ],
  });
  assert.match(stderr, /^drover: Left out [^\n]*t\.1: it is a link to a file that is not there, or was removed\.$/m);
  assert.match(stderr, /^drover: Left out 3 more files, which the report counts\.$/m);
});

test('a member that is no capture at all leaves the grade as it is; one that cannot be read does not', async () => {
  const folder = set('grades');
  execFileSync('mkfifo', [join(folder, 't.3')]);
  assert.equal((await analyzeInputs(openInputs([folder]), {})).quality.grade, 'good');
  symlinkSync('nowhere', join(folder, 't.5'));
  assert.equal((await analyzeInputs(openInputs([folder]), {})).quality.grade, 'partial');
});

test('a member that only root may read is left out for others and told', async () => {
  const folder = set('denied');
  chmodSync(join(folder, 't.19'), 0);
  const denied = Object.assign(new Error('EACCES'), { code: 'EACCES' });
  const opened = openInputs([folder]);
  // Root may read everything: for root the refusal is played.
  const inputs = opened.inputs.map((input) =>
    input.tid !== 19 || process.getuid?.() !== 0
      ? input
      : new ByteInput({
          name: input.name,
          tid: 19,
          sizeBytes: 1,
          rereadable: true,
          read: () => {
            throw denied;
          },
        }),
  );
  const report = await analyzeInputs({ ...opened, inputs }, {});
  assert.equal(report.quality.lines, ALL - 103);
  assert.match(told(report, folder)['read-error']?.join() ?? '', /^t\.19 .*permission denied$/);
});

test('a member that vanishes between the listing and the reading is left out and told', async () => {
  const folder = set('vanished');
  const listed = openInputs([folder]);
  unlinkSync(join(folder, 't.17'));
  const report = await analyzeInputs(listed, {});
  assert.equal(report.quality.lines, ALL - 101);
  assert.deepEqual(told(report, folder), { 'read-error': ['t.17 there is no such file'] });
});

test('a member that later vanishes, or becomes a named pipe or a directory, is left out and told', async () => {
  const ends: Readonly<Record<string, readonly [(path: string) => void, string]>> = {
    gone: [() => undefined, 'there is no such file'],
    pipe: [(path) => execFileSync('mkfifo', [path]), 'it is a named pipe'],
    folder: [(path) => mkdirSync(path), 'it is a directory'],
  };
  for (const [name, [becomes, reason]] of Object.entries(ends)) {
    // The last one begins when the first one is long over, so it is opened late.
    const folder = set(`late-${name}`, { 17: 101, 90019: 103 });
    const path = join(folder, 't.90019');
    const notices: string[] = [];
    const report = await analyzeMeanwhile(
      [folder],
      () => {
        unlinkSync(path);
        becomes(path);
      },
      { notice: (sentence) => notices.push(sentence) },
    );
    assert.equal(report.quality.lines, 101, name);
    assert.deepEqual(told(report, folder), { 'read-error': [`t.90019 ${reason}`] });
    assert.deepEqual(notices, [`Left out ${path}: ${reason}.`]);
  }
});

test('what was read of a member before its disk failed is kept, also of the first one, packed or not', async () => {
  const text = workerLines({ from: EPOCH, count: 5_003 });
  for (const [name, held] of [
    ['plain', Buffer.from(text)],
    ['gzip', gzipSync(text, { level: 0 })],
  ] as const) {
    const folder = set(`eio-${name}`, { 19: 103, 23: 107 });
    const opened = openInputs([folder]);
    const failing = new ByteInput({
      name: 't.17',
      tid: 17,
      sizeBytes: held.length,
      rereadable: true,
      read: function* () {
        for (let from = 0; from < 150_000; from += 50_000) yield held.subarray(from, from + 50_000);
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
      },
    });
    const report = await analyzeInputs({ ...opened, inputs: [failing, ...opened.inputs] }, {});
    assert.ok(report.quality.lines > 3_000 && report.quality.lines < 5_003, String(report.quality.lines));
    assert.equal(report.quality.grade, 'partial');
    const size = held.length.toLocaleString('en-US');
    assert.deepEqual(told(report, folder), {
      'read-error': [`t.17 reading stopped after 150,000 of ${size} bytes: the device reports an input/output error`],
    });
  }
});

test('when no member can be read, that is an error that names one and counts the others', async () => {
  const folder = set('nothing', {});
  symlinkSync('nowhere', join(folder, 't.1'));
  execFileSync('mkfifo', [join(folder, 't.2')]);
  execFileSync('mkfifo', [join(folder, 't.3')]);
  const { code, stderr } = await runDrover([folder]);
  assert.equal(code, 3);
  assert.match(stderr, /^drover: No file of .*nothing can be read: .*t\.1: it is a link .* Nor can the other 2\.\n$/);
  const gone = set('all-gone');
  const listed = openInputs([gone]);
  rmSync(gone, { recursive: true });
  await assert.rejects(
    analyzeInputs(listed, {}),
    (error) =>
      error instanceof InputError &&
      /^Cannot read .*t\.17: there is no such file\. Nor is any of the other 2\.$/.test(error.message),
  );
});

test('a file that the user named must be there and readable: said before anything is read', async () => {
  const folder = set('named');
  const good = join(folder, 't.17');
  for (const [name, make, reason] of [
    ['missing', () => undefined, 'there is no such file'],
    ['dangling', (path: string) => symlinkSync('nowhere', path), 'there is no such file'],
    ['loop', (path: string) => symlinkSync(path, path), 'too many symbolic links'],
  ] as const) {
    const path = join(FOLDER, name);
    make(path);
    assert.throws(() => openInputs([good, path]), { name: 'InputError', message: `Cannot read ${path}: ${reason}.` });
  }
  const { code, stdout } = await runDrover([good, join(FOLDER, 'missing')]);
  assert.deepEqual([code, stdout], [3, '']);
  const socket = join(FOLDER, 'socket');
  const server = createServer().listen(socket);
  await new Promise((resolve) => server.once('listening', resolve));
  assert.throws(() => openInputs([good, socket]), /it is a socket/);
  server.close();
});

test('named pipes that the user named are read, alone and beside files', async () => {
  const folder = set('pipes', { 17: 101 });
  const lines = workerLines({ pid: 19, count: 103 });
  for (const count of [1, 2]) {
    const pipes = Array.from({ length: count }, (_, index) => join(folder, `pipe-${count}-${index}`));
    execFileSync('mkfifo', pipes);
    const writing = pipes.map(async (pipe) => (await import('node:fs/promises')).writeFile(pipe, lines));
    const { quality } = await analyzeInputs(openInputs([...pipes, join(folder, 't.17')]), {});
    await Promise.all(writing);
    assert.equal(quality.lines, 101 + count * 103);
    assert.equal(quality.grade, 'good');
  }
});

/** A set with one file that loses its end while it is read. */
const SHRINKING: Readonly<
  Record<string, { readonly lines: number; readonly others: number; readonly packed?: boolean }>
> = {
  'alone, in one thread': { lines: 100_003, others: 0 },
  'alone, in a parser thread': { lines: 500_009, others: 0 },
  'alone, packed': { lines: 100_003, others: 0, packed: true },
  'beside others, held open': { lines: 100_003, others: 2 },
  'beside so many others that none is held open': { lines: 100_003, others: 131 },
};

for (const [situation, { lines, others, packed = false }] of Object.entries(SHRINKING)) {
  test(`a file that shrinks while it is read makes the report partial, with the bytes gone: ${situation}`, async () => {
    const folder = set(`shrinking ${situation}`, {});
    const text = Buffer.from(workerLines({ from: EPOCH, count: lines, step: 0.000_05 }));
    const bytes = packed ? gzipSync(text, { level: 0 }) : text;
    assert.equal(bytes.length > WORTH_A_THREAD, situation.includes('parser thread'));
    const path = join(folder, 't.17');
    writeFileSync(path, bytes);
    for (let i = 0; i < others; i++)
      writeFileSync(join(folder, `t.${100 + i}`), workerLines({ from: EPOCH, count: 3, step: 0.000_05 }));
    const report = await analyzeMeanwhile([folder], () => truncateSync(path, 0));
    assert.equal(report.quality.grade, 'partial');
    assert.ok(report.quality.lines < lines, String(report.quality.lines));
    const [text0 = ''] = told(report, folder)['shrunk-file'] ?? [];
    const [, done, wanted] =
      /^t\.17 the file became shorter while it was read: ([\d,]+) of ([\d,]+) bytes were still there$/.exec(text0) ??
      [];
    assert.equal(Number(wanted?.replaceAll(',', '')), bytes.length);
    assert.ok(Number(done?.replaceAll(',', '')) < bytes.length);
  });
}

test('a file that was emptied after it was named is told, beside others and alone', async () => {
  const folder = set('emptied');
  const listed = openInputs([folder]);
  const { size } = { size: listed.inputs[0]?.sizeBytes ?? 0 };
  truncateSync(join(folder, 't.17'), 0);
  const report = await analyzeInputs(listed, {});
  assert.equal(report.quality.grade, 'partial');
  assert.match(
    JSON.stringify(told(report, folder)),
    new RegExp(`0 of ${size.toLocaleString('en-US')} bytes were still there`),
  );
});

test('a file that grows while it is read is read as far as it reached first, and the report says so', async () => {
  for (const [name, others] of [
    ['alone', 0],
    ['merged', 2],
    ['reopened', 131],
  ] as const) {
    const folder = set(`growing-${name}`, {});
    const path = join(folder, 't.17');
    writeFileSync(path, workerLines({ from: EPOCH, count: 100_003, step: 0.000_05 }));
    // A thread that lives is in a call at the end: what it is in may be missing otherwise.
    const ended = `${workerLines({ from: EPOCH, count: 3, step: 0.000_05 })}${EPOCH}.000900 +++ exited with 0 +++\n`;
    for (let i = 0; i < others; i++) writeFileSync(join(folder, `t.${100 + i}`), ended);
    const more = workerLines({ from: EPOCH + 9, count: 1_009 });
    const report = await analyzeMeanwhile([folder], () => appendFileSync(path, more));
    assert.equal(report.quality.lines, 100_003 + others * 4, name);
    assert.equal(report.quality.grade, 'good');
    const [text = ''] = told(report, folder)['grown-file'] ?? [];
    assert.match(text, new RegExp(`were read, ${more.length.toLocaleString('en-US')} bytes came later$`), name);
  }
});

test('a file that stays as it is says nothing, whatever its size is to that of a chunk', async () => {
  for (const size of [1, 4_096, 65_536, 1_048_576, 1_048_577]) {
    const line = workerLines({ pid: 17, count: 1 });
    const path = join(FOLDER, `size-${size}`);
    writeFileSync(path, line.repeat(Math.ceil(size / line.length)).slice(0, Math.max(size, line.length)));
    const report = await analyzeInputs(openInputs([path]), {});
    assert.deepEqual(told(report, FOLDER), {}, String(size));
  }
});

test('redirected standard input is read from where it stands, and not taken for a file that shrank', async () => {
  const path = join(FOLDER, 'redirected');
  writeFileSync(path, workerLines({ pid: 17, count: 211 }));
  const { DROVER } = await import('../support/run-drover.ts');
  for (const [script, lines] of [
    ['"$0" "$1" --json - < "$2"', 211],
    ['{ dd bs=1 count=11 of=/dev/null 2>/dev/null; read -r rest; "$0" "$1" --json -; } < "$2"', 210],
  ] as const) {
    const out = execFileSync('bash', ['-c', script, process.execPath, DROVER, path]).toString();
    const report = JSON.parse(out) as Report;
    assert.equal(report.quality.lines, lines);
    assert.deepEqual(told(report, FOLDER), {});
  }
});

test('more files than may be open at once are read with few descriptors', async () => {
  const { DROVER } = await import('../support/run-drover.ts');
  for (const count of [127, 997]) {
    const folder = set(`many-${count}`, Object.fromEntries(Array.from({ length: count }, (_, i) => [i + 100, 2])));
    const out = execFileSync(
      'bash',
      ['-c', 'ulimit -n 256; exec "$0" "$1" --json "$2"', process.execPath, DROVER, folder],
      {
        maxBuffer: 1e9,
      },
    ).toString();
    const { quality } = JSON.parse(out) as Report;
    assert.deepEqual([quality.lines, quality.grade], [count * 2, 'good']);
  }
});

test('a log that is renamed and begun anew while it is read is told when its name leads to less', async () => {
  const folder = set('rotated', Object.fromEntries(Array.from({ length: 131 }, (_, i) => [i + 100, 3])));
  const path = join(folder, 't.17');
  writeFileSync(path, workerLines({ from: EPOCH, count: 100_003, step: 0.000_05 }));
  const report = await analyzeMeanwhile([folder], () => {
    renameSync(path, join(FOLDER, 'rotated.old'));
    writeFileSync(path, workerLines({ from: EPOCH + 60, count: 5 }));
  });
  assert.ok(report.quality.lines < 100_003);
  assert.match(JSON.stringify(told(report, folder)), /became shorter/);
});

test('facts of a capture that cannot be read are told, and a named pipe among them is not waited for', async () => {
  const folder = join(FOLDER, 'facts');
  mkdirSync(folder);
  writeFileSync(join(folder, 'trace.strace'), workerLines({ pid: 17, count: 101 }));
  execFileSync('mkfifo', [join(folder, 'facts-before.txt')]);
  symlinkSync('/proc/self/mem', join(folder, 'facts-after.txt'));
  const report = await analyzeInputs(openInputs([folder]), {});
  assert.equal(report.quality.lines, 101);
  assert.deepEqual(told(report, folder), {
    'read-error': ['facts-after.txt facts-after.txt: the device reports an input/output error'],
    'skipped-file': ['facts-before.txt facts-before.txt: it is a named pipe'],
  });
  for (const name of readdirSync(folder)) unlinkSync(join(folder, name));
  execFileSync('mkfifo', [join(folder, 'trace.strace')]);
  assert.throws(() => openInputs([folder]), {
    message: `Cannot read ${join(folder, 'trace.strace')}: it is a named pipe.`,
  });
});
