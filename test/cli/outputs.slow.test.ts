import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { analyzeFiles } from '../../src/index.ts';
import { needsTool } from '../support/needs-tool.ts';
import { DROVER, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { workerLines } from '../support/worker-lines.ts';

const FOLDER = temporaryFolder();
const TRACE = join(FOLDER, 'a.strace');
const LINES = workerLines({ pid: 17 });
writeFileSync(TRACE, LINES);
const LINE_COUNT = LINES.trimEnd().split('\n').length;
const IS_JSON = /^\{[\s\S]*"schemaVersion": ?1[\s\S]*\}\s*$/;

/** drover as a shell starts it; `"$@"` of the line are its words. */
function shell(line: string, ...words: readonly string[]) {
  return spawnSync('bash', ['-c', line, 'bash', process.execPath, DROVER, ...words], {
    encoding: 'utf8',
    cwd: FOLDER,
    timeout: 20_000,
  });
}

test('a trace is never replaced by its own report, however it is named, with --force or without', async () => {
  const hard = join(FOLDER, 'hard.json');
  linkSync(TRACE, hard);
  for (const words of [
    ['-o', TRACE],
    ['-o', TRACE, '--force'],
    ['-o', hard, '--force'],
  ]) {
    const { code, stderr } = await runDrover([TRACE, ...words]);
    assert.equal(code, 2, words.join(' '));
    assert.match(stderr, /^drover: Cannot write .*: it is the trace itself\.\n {2}Give -o another name\.\n$/);
  }
  for (const line of [
    '"$@" - -o a.strace <a.strace',
    '"$@" - -o a.strace --force <a.strace',
    '"$@" - -o hard.json --force <a.strace',
  ]) {
    const { status, stderr } = shell(line);
    assert.equal(status, 2, line);
    assert.match(stderr, /the trace itself/, line);
  }
  assert.equal(readFileSync(TRACE, 'utf8'), LINES);
});

test('a shell that sends the report into the trace is told so before a byte is written', () => {
  for (const line of [
    '"$@" a.strace >>a.strace',
    '"$@" - <a.strace >>a.strace',
    '"$@" a.strace -o /dev/stdout >>a.strace',
    '"$@" a.strace -o /dev/fd/7 7>>a.strace',
  ]) {
    const { status, stderr } = shell(line);
    assert.equal(status, 2, line);
    assert.match(stderr, /it is the trace itself/, line);
  }
  assert.equal(readFileSync(TRACE, 'utf8'), LINES);
});

test('members of a -ff set, and what a recipe noted beside a trace, are inputs as well', async () => {
  const set = join(FOLDER, 'set');
  mkdirSync(set);
  for (const pid of [17, 19]) writeFileSync(join(set, `trace.${pid}`), workerLines());
  const capture = join(FOLDER, 'capture');
  mkdirSync(capture);
  for (const [name, text] of [
    ['trace.strace', LINES],
    ['facts-before.txt', '== threads\n'],
    ['facts-after.txt', '== threads\n'],
  ] as const)
    writeFileSync(join(capture, name), text);
  for (const [input, member] of [
    [set, join(set, 'trace.19')],
    [capture, join(capture, 'trace.strace')],
    [capture, join(capture, 'facts-before.txt')],
    [capture, join(capture, 'facts-after.txt')],
  ] as const) {
    const before = readFileSync(member, 'utf8');
    const { code, stderr } = await runDrover([input, '-o', member, '--force']);
    assert.deepEqual([code, /the trace itself/.test(stderr)], [2, true], `${member}: ${stderr}`);
    assert.equal(readFileSync(member, 'utf8'), before);
  }
});

/**
 * What is read of that pipe by somebody who opens it, and then begins to read, so many milliseconds late. It is this
 * process: on a busy host a program that reads takes its time to start.
 */
async function readFrom(pipe: string, openedAfter: number, readAfter: number): Promise<string> {
  await pause(openedAfter);
  const handle = await open(pipe, 'r');
  await pause(readAfter);
  try {
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** Nobody waits for a writer of that pipe any more: an open that never ends would keep this file from ending. */
function release(pipe: string): void {
  closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
}

test('a named pipe hands the report to a late reader; without a reader an error, and nothing hangs', async () => {
  const pipe = join(FOLDER, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const alone = await runDrover(['--json', '-o', pipe, TRACE]);
  assert.deepEqual(
    [alone.code, alone.stderr],
    [74, `drover: Cannot write ${pipe}: nobody reads from it.\n  Start its reader first.\n`],
  );
  const read = readFrom(pipe, 300, 500);
  const { code, stderr } = await runDrover(['--json', '-o', pipe, TRACE]).finally(() => release(pipe));
  assert.equal(code, 0, stderr);
  assert.match(await read, IS_JSON);
});

test('a report that is larger than a pipe reaches a slow reader whole', async () => {
  const pipe = join(FOLDER, 'wide-pipe');
  execFileSync('mkfifo', [pipe]);
  const large = join(FOLDER, 'large.strace');
  writeFileSync(
    large,
    Array.from({ length: 997 }, (_, index) => workerLines({ pid: 1_000 + index, count: 7 })).join(''),
  );
  const read = readFrom(pipe, 0, 1_000);
  const { code, stderr } = await runDrover(['--json', '-o', pipe, large]).finally(() => release(pipe));
  assert.equal(code, 0, stderr);
  const text = await read;
  assert.ok(text.length > 200_000, `${text.length} bytes are no test of that`);
  assert.match(text, IS_JSON);
});

test('devices and descriptors of the shell take a report; a full one is told with its code', async () => {
  const full = await runDrover(['-o', '/dev/full', TRACE]);
  assert.deepEqual(
    [full.code, full.stderr],
    [
      74,
      'drover: Cannot write /dev/full: no space is left on the device.\n' +
        '  Make room, or write to another disk: df -h shows what is free.\n',
    ],
  );
  assert.deepEqual(await runDrover(['-o', '/dev/null', TRACE]), { code: 0, signal: null, stdout: '', stderr: '' });
  for (const [line, stream] of [
    ['"$@" --json a.strace -o /dev/stdout', 'stdout'],
    ['"$@" --json a.strace -o /dev/fd/1', 'stdout'],
    ['"$@" --json a.strace -o /proc/self/fd/1 | cat', 'stdout'],
    ['"$@" --json a.strace -o /dev/stderr', 'stderr'],
    ['"$@" --json a.strace -o >(cat)', 'stdout'],
    ['"$@" --json a.strace -o /dev/fd/9 9>&1', 'stdout'],
    ['echo before >kept; "$@" --json a.strace -o /dev/stdout >>kept; sed 1d kept', 'stdout'],
  ] as const) {
    const result = shell(line);
    assert.equal(result.status, 0, `${line}: ${result.stderr}`);
    assert.match(result[stream], IS_JSON, line);
  }
  const closed = shell('"$@" a.strace -o /dev/fd/99');
  assert.deepEqual([closed.status, closed.stderr], [74, 'drover: Cannot write /dev/fd/99: it is not open.\n']);
});

test('a disk and a socket are no place for a report', {
  skip: process.geteuid?.() === 0 ? false : 'needs root to make a device',
}, async () => {
  const disk = join(FOLDER, 'disk');
  execFileSync('mknod', [disk, 'b', '7', '251']);
  const socket = join(FOLDER, 'socket');
  const server = createServer().listen(socket);
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    for (const path of [disk, socket]) {
      const { code, stderr } = await runDrover(['-o', path, '--force', TRACE]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /: it is a (?:disk|socket)\.\n {2}Name a new file\.\n$/);
    }
  } finally {
    server.close();
  }
});

test('a closed standard output is told; one that a shell sent to /dev/null is meant so', () => {
  const closed = shell('"$@" a.strace >&-');
  assert.deepEqual(
    [closed.status, closed.stderr],
    [0, 'drover: Standard output is closed, or leads to /dev/null: nobody receives what drover prints.\n'],
  );
  for (const line of ['"$@" a.strace >/dev/null', '"$@" a.strace -q >&-', '"$@" a.strace -o out.txt >&-'])
    assert.equal(shell(line).stderr, '', line);
  assert.ok(readFileSync(join(FOLDER, 'out.txt'), 'utf8').includes('a.strace'));
  assert.match(shell('"$@" explain >&-').stderr, /Standard output is closed/);
});

test(
  'a name that means something elsewhere is a name here: of a report, and of a trace in every form that is unpacked',
  needsTool('zstd', 'xz', 'bzip2'),
  async () => {
    const place = join(FOLDER, 'names');
    mkdirSync(place);
    const names = [
      '!touch pwned',
      '|touch pwned',
      '--help',
      '-d',
      '$(touch pwned)',
      'a\nb',
      '`touch pwned`',
      '*',
      ';touch pwned',
      "'",
      'x y',
    ];
    const packers = [['zstd', '-qc'], ['xz', '-c'], ['bzip2', '-c'], ['gzip', '-c'], ['cat']] as const;
    const packed = packers.map(([program, ...words]) =>
      execFileSync(program, [...words], { input: LINES, stdio: ['pipe', 'pipe', 'ignore'] }),
    );
    const home = process.cwd();
    process.chdir(place);
    try {
      for (const name of names) {
        for (const bytes of packed) {
          writeFileSync(name, bytes);
          const { source, quality } = await analyzeFiles([name]);
          assert.deepEqual([source.paths, quality.lines], [[name], LINE_COUNT]);
        }
      }
    } finally {
      process.chdir(home);
    }
    for (const [index, name] of names.entries()) {
      const other = names[(index + 1) % names.length] ?? '';
      const words = ['analyze', '--json', '-o', other, '--force', '--', name];
      writeFileSync(join(place, name), packed[index % packed.length] ?? '');
      const { code, stderr } = await runDrover(words, { directory: place });
      assert.deepEqual([code, stderr], [0, ''], name);
      const report = readFileSync(join(place, other), 'utf8');
      assert.match(report, IS_JSON);
      assert.deepEqual(JSON.parse(report).source.paths, [name]);
    }
    assert.deepEqual(readdirSync(place).sort(), [...names].sort());
  },
);

test('SIGUSR1 opens no inspector, and ends nothing', async () => {
  const child = spawn(process.execPath, [DROVER, '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.on('error', () => undefined);
  // Once the pipe has taken more than it can hold, drover is reading.
  await new Promise<void>((resolve) => child.stdin.write(workerLines({ pid: 17, count: 20_011 }), () => resolve()));
  child.kill('SIGUSR1');
  await pause(500);
  // Of this process alone: whatever else listens on this machine.
  const sockets = readdirSync(`/proc/${child.pid}/fd`).map((fd) =>
    execFileSync('readlink', [`/proc/${child.pid}/fd/${fd}`], { encoding: 'utf8' }).trim(),
  );
  const listening = /^\s*\d+: \S+ \S+ 0A (?:\S+\s+){5}(\d+)/gm;
  const inodes = ['tcp', 'tcp6'].flatMap((table) =>
    [...readFileSync(`/proc/${child.pid}/net/${table}`, 'latin1').matchAll(listening)].map(
      ([, inode]) => `socket:[${inode}]`,
    ),
  );
  assert.deepEqual(
    sockets.filter((socket) => inodes.includes(socket)),
    [],
  );
  child.stdin.end();
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.deepEqual([code, stderr], [0, '']);
});

test('--save and -o of one name are refused before anything is traced, whatever way the name is spelled', async () => {
  for (const [command, ...words] of [
    ['attach', String(process.pid)],
    ['run'],
    ['triage', '--pid', String(process.pid)],
  ] as const) {
    for (const [save, output] of [
      ['same', 'same'],
      ['./same', join(FOLDER, 'same')],
      ['set/../same', 'same'],
    ] as const) {
      const { code, stderr } = await runDrover(
        [command, ...words, '--save', save, '-o', output, ...(command === 'run' ? ['--', 'true'] : [])],
        { directory: FOLDER },
      );
      assert.deepEqual([code, /--save and -o both name/.test(stderr)], [2, true], `${command} ${stderr}`);
    }
  }
  assert.ok(!existsSync(join(FOLDER, 'same')));
});
