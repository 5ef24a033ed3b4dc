import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LiveDrover } from '../support/live-drover.ts';
import { LIVE_FOLDER, tracersIn, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Where captures and reports land, as root, among other users, links and full disks. */
const LIVE = needsLive('bpftrace');
const FOLDER = temporaryFolder();
/** Users that nobody is. */
const STRANGER = 64_999;
const CALLER = 64_997;
const TRACE_LINE = /^\d+ +\d+\.\d+ /m;
const started: ChildProcess[] = [];
let made = 0;

// Another user must get at what is in it.
chmodSync(FOLDER, 0o755);
after(() => {
  for (const child of started) child.kill('SIGKILL');
});

function folder(owner = 0, mode = 0o755): string {
  const path = join(FOLDER, `place-${made++}`);
  mkdirSync(path);
  chownSync(path, owner, owner);
  chmodSync(path, mode);
  return path;
}

/** A process that makes calls all the time, to be traced. */
function busy(): string {
  const child = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      // A `python3` of pyenv is a shell first, whose children end while drover looks at them.
      '/usr/bin/python3',
      '-c',
      'import os, time\nwhile True:\n  time.sleep(0.01)\n  os.getppid()\n  os.stat("/")',
    ],
    {
      stdio: 'ignore',
    },
  );
  started.push(child);
  return String(child.pid);
}

function asStranger(...words: readonly string[]): ChildProcess {
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', `--reuid=${STRANGER}`, `--regid=${STRANGER}`, '--clear-groups', ...words],
    {
      stdio: 'ignore',
    },
  );
  started.push(child);
  return child;
}

function strace(pid: string, ...words: readonly string[]): string[] {
  return ['attach', pid, '--no-family', '--engine', 'strace', '--for', '1s', '-q', ...words];
}

test('no name of a capture runs a command, in any command that takes one', LIVE, async () => {
  const names = [
    '!touch pwned',
    '|touch pwned',
    '| touch pwned',
    '-o',
    '--help',
    'a\nb',
    '$(touch pwned)',
    '; touch pwned',
    '/proc/self/cwd/!touch other',
  ];
  const takes: readonly ((name: string) => string[])[] = [
    (name) => strace(busy(), '--save', name),
    (name) => ['record', busy(), '--no-family', '--engine', 'strace', '--for', '1s', '-o', name],
    (name) => ['record', busy(), '--no-family', '--for', '1s', '--save', name],
    (name) => ['triage', '--pid', busy(), '--no-family', '--engine', 'strace', '--for', '1s', '--save', name],
    (name) => ['run', '--save', name, '-q', '--', 'true'],
  ];
  for (const take of takes) {
    const place = folder();
    for (const result of await Promise.all(names.map((name) => runDrover(take(name), { directory: place }))))
      assert.ok(result.code === 0 || result.code === 2, result.stderr);
    const kept = readdirSync(place).sort();
    assert.ok(!kept.includes('pwned'), take('NAME').join(' '));
    assert.deepEqual(
      kept,
      names
        .map((name) => name.replace('/proc/self/cwd/', ''))
        .filter((name, at, all) => all.indexOf(name) === at)
        .sort(),
    );
    for (const name of kept) {
      assert.match(readFileSync(join(place, name), 'latin1'), /^\d+ +\d+\.\d+ |^event=start /m, name);
      assert.equal(statSync(join(place, name)).mode & 0o777, 0o600);
    }
  }
});

test('a start that fails leaves an old capture as it was, and nothing beside it', LIVE, async () => {
  const place = folder();
  const old = join(place, 'old.strace');
  const tools = folder();
  writeFileSync(
    join(tools, 'strace'),
    '#!/bin/sh\necho "strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted" >&2\nexit 1\n',
    {
      mode: 0o755,
    },
  );
  const disk = folder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  try {
    const onDisk = join(disk, 'old.strace');
    for (const path of [old, onDisk]) writeFileSync(path, 'evidence', { mode: 0o640 });
    writeFileSync(join(disk, 'filler'), Buffer.alloc(1_000_000));
    const refusing = { environment: { PATH: `${tools}:${process.env.PATH}` } };
    for (const [words, code, situation] of [
      [strace(busy(), '--save', old), 2, {}],
      [strace(busy(), '--save', old, '--force'), 4, refusing],
      [['run', '--save', old, '--force', '--', '/nonexistent'], 2, {}],
      [strace('4194303', '--save', old, '--force'), 4, {}],
      [strace(busy(), '--save', onDisk, '--force'), 4, {}],
      [['record', busy(), '--for', '1s', '-o', old], 2, {}],
    ] as const) {
      const result = await runDrover(words, situation);
      assert.equal(result.code, code, `${words.join(' ')}: ${result.stderr}`);
      assert.match(result.stderr, /(?:^|\n)drover: [^\n]+\n {2}[^\n]+\n$/);
    }
    for (const path of [old, onDisk]) {
      assert.equal(readFileSync(path, 'utf8'), 'evidence');
      assert.equal(statSync(path).mode & 0o777, 0o640);
    }
    assert.deepEqual([readdirSync(place), readdirSync(disk)], [['old.strace'], ['filler', 'old.strace']]);
  } finally {
    execFileSync('umount', ['--lazy', disk]);
  }
});

test('a disk that is full already is said with its place, and nothing is traced or left there', LIVE, async () => {
  const disk = folder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
  try {
    const pid = busy();
    const filler = join(disk, 'filler');
    writeFileSync(filler, '');
    assert.throws(() => writeFileSync(filler, Buffer.alloc(4 * 1_048_576)), { code: 'ENOSPC' });
    const place = folder();
    for (const [words, code] of [
      [['record', pid, '--for', '9s', '-o', join(disk, 'web.trace')], 4],
      [['record', pid, '--for', '9s', '--spool', disk, '-o', join(place, 'web.trace')], 4],
      [['record', pid, '--ring', '5s', '--spool', disk, '-o', join(place, 'web.trace')], 4],
      // Of the disk of the dumps it is told what must stay free.
      [['record', pid, '--ring', '5s', '--spool', place, '-o', join(disk, 'web.trace')], 74],
      [['record', pid, '--for', '9s', '--spool', disk, '-o', '-'], 4],
      [['attach', pid, '--for', '9s', '--yes', '--spool', disk], 4],
      [['run', '--save', join(disk, 'web.trace'), '--', 'true'], 4],
    ] as const) {
      const began = performance.now();
      const result = await runDrover(words);
      assert.equal(result.code, code, `${words.join(' ')}: ${result.stderr}`);
      assert.equal(result.stdout, '');
      const told =
        code === 74
          ? `drover: Cannot write ${disk}/web-`
          : `drover: Only 0 MB are free on the disk of ${disk} (0 %).\n  Make room, or name another place: `;
      assert.ok(result.stderr.includes(told), result.stderr);
      assert.ok(performance.now() - began < 9_000, 'it did not trace for a while');
      assert.deepEqual([readdirSync(disk), readdirSync(place)], [['filler'], []], words.join(' '));
      assert.equal(readProcess(Number(pid))?.tracer, 0);
    }
  } finally {
    execFileSync('umount', ['--lazy', disk]);
  }
});

test(
  '--save takes no link, no pipe, no device and no directory, says which it is, and does not hang',
  LIVE,
  async () => {
    const place = folder();
    const target = join(place, 'target');
    writeFileSync(target, 'mine', { mode: 0o644 });
    symlinkSync('target', join(place, 'link'));
    symlinkSync('nowhere', join(place, 'dangling'));
    execFileSync('mkfifo', [join(place, 'pipe')]);
    for (const [name, problem] of [
      [join(place, 'link'), 'it is a symbolic link'],
      [join(place, 'dangling'), 'it is a symbolic link'],
      [join(place, 'pipe'), 'it is a named pipe, not a file'],
      ['/dev/full', 'it is a device, not a file'],
      ['/dev/stdout', 'it is a symbolic link'],
      [place, 'it is a directory'],
      ['', '--save names no file'],
    ] as const) {
      for (const force of [[], ['--force']]) {
        const { code, stderr } = await runDrover(strace(busy(), '--save', name, ...force));
        assert.equal(code, 2, stderr);
        assert.ok(stderr.includes(`${problem}.\n`), stderr);
      }
    }
    assert.equal(readFileSync(target, 'utf8'), 'mine');
    assert.equal(statSync(target).mode & 0o777, 0o644);
    assert.deepEqual(readdirSync(place).sort(), ['dangling', 'link', 'pipe', 'target']);
  },
);

test(
  'a full disk keeps the old capture and the old report, and the new capture stays where it grew: 74',
  LIVE,
  async () => {
    const disk = folder();
    const spool = folder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
    try {
      const [capture, report] = [join(disk, 'old.strace'), join(disk, 'old.json')];
      for (const path of [capture, report]) writeFileSync(path, 'evidence');
      writeFileSync(join(disk, 'filler'), Buffer.alloc(240_000));
      const program = ['python3', '-c', 'import os\nfor i in range(3001): os.stat("/")'];
      const kept = await runDrover(['run', '--spool', spool, '--save', capture, '--force', '--', ...program]);
      assert.equal(kept.code, 74, kept.stderr);
      assert.match(kept.stderr, /drover: Cannot write .*old\.strace: no space is left on the device\.\n/);
      const [left = ''] = readdirSync(spool);
      const grown = join(spool, left, 'trace.strace');
      assert.ok(kept.stderr.includes(`is ${grown}.`), kept.stderr);
      assert.match(readFileSync(grown, 'latin1'), TRACE_LINE);

      const written = await runDrover([grown, '--json', '-vv', '-o', report, '--force']);
      assert.deepEqual(
        [written.code, /no space is left on the device\.\n/.test(written.stderr)],
        [74, true],
        written.stderr,
      );
      for (const path of [capture, report]) assert.equal(readFileSync(path, 'utf8'), 'evidence');
      assert.deepEqual(readdirSync(disk).sort(), ['filler', 'old.json', 'old.strace']);

      writeFileSync(join(disk, 'filler'), '');
      const moved = await runDrover(['run', '-q', '--spool', spool, '--save', join(disk, 'new.strace'), '--', 'true']);
      assert.equal(moved.code, 0, moved.stderr);
      assert.match(readFileSync(join(disk, 'new.strace'), 'latin1'), /execve\(/);
      assert.equal(statSync(join(disk, 'new.strace')).mode & 0o777, 0o600);
      assert.deepEqual(readdirSync(spool), [left], 'what was moved to another disk leaves nothing');
    } finally {
      execFileSync('umount', ['--lazy', disk]);
    }
  },
);

test('a capture that grows is found beside its name, says where, and is still there after kill -9', LIVE, async () => {
  const place = folder();
  const drover = await LiveDrover.start([
    'attach',
    busy(),
    '--engine',
    'strace',
    '--for',
    '20s',
    '--save',
    join(place, 'x.strace'),
  ]);
  const [beside = '', ...others] = readdirSync(place);
  assert.deepEqual(others, []);
  const grown = join(place, beside, 'trace.strace');
  assert.ok(drover.stderr.includes(`Until the capture is complete it is in ${grown}.`), drover.stderr);
  assert.equal(statSync(join(place, beside)).mode & 0o777, 0o700);
  await until('calls', () => statSync(grown).size > 0);
  drover.signal('SIGKILL');
  await drover.ended;
  await until('strace to leave', () => tracersIn(place).length === 0, 3_000);
  assert.match(readFileSync(grown, 'latin1'), TRACE_LINE);
  assert.deepEqual([readdirSync(place), readdirSync(join(place, beside))], [[beside], ['trace.strace']]);
});

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
  test(`${signal} while a tracer starts: nothing is traced, and nothing stays behind`, LIVE, async () => {
    const spool = folder();
    const pid = busy();
    const drover = runDroverUntil(
      ['attach', pid, '--engine', 'bpftrace', '--for', '9s', '--spool', spool],
      signal,
      () => tracersIn(spool).length > 0,
    );
    assert.equal(await drover, { SIGTERM: 143, SIGHUP: 129, SIGINT: 130 }[signal]);
    assert.deepEqual(readdirSync(spool), []);
    await until('no tracer to be left', () => tracersIn(spool).length === 0, 8_000);
  });
}

/** Sends a signal when it is time; the exit code. */
async function runDroverUntil(
  words: readonly string[],
  signal: NodeJS.Signals,
  isTime: () => boolean,
): Promise<number | null> {
  const drover = LiveDrover.begin(words);
  await until('the moment', isTime);
  drover.signal(signal);
  return (await drover.ended).code;
}

test(
  'a place that another user can change is refused with its reason, before anything is made or traced',
  LIVE,
  async () => {
    const theirs = folder(STRANGER, 0o755);
    const below = join(theirs, 'below');
    mkdirSync(below, { mode: 0o700 });
    const everybody = folder(0, 0o777);
    const group = folder(0, 0o775);
    chownSync(group, 0, STRANGER);
    const theirSticky = folder(STRANGER, 0o1777);
    const linked = join(folder(), 'link');
    symlinkSync(theirs, linked);
    for (const [place, reason] of [
      [theirs, `belongs to user ${STRANGER}`],
      [below, `${theirs} belongs to user ${STRANGER}`],
      [everybody, 'every user can change what is in'],
      [group, `the members of group ${STRANGER} can change`],
      [theirSticky, `belongs to user ${STRANGER}`],
      [linked, `belongs to user ${STRANGER}`],
    ] as const) {
      const before = readdirSync(place);
      const named = await runDrover(strace(busy(), '--spool', place));
      const temporary = await runDrover(strace(busy()), { environment: { TMPDIR: place } });
      const run = await runDrover(['run', '--spool', place, '--', 'true']);
      for (const { code, stderr } of [named, temporary, run]) {
        assert.equal(code, 4, stderr);
        assert.ok(stderr.includes(reason), stderr);
        assert.match(stderr, /\n {2}.*--spool DIR\n$/);
      }
      assert.deepEqual(readdirSync(place), before);
    }
  },
);

test(
  'a place of this user is taken: also a sticky one for all, and that of who became root with sudo',
  LIVE,
  async () => {
    for (const [place, environment] of [
      [folder(0, 0o700), {}],
      [folder(0, 0o1777), {}],
      [folder(0, 0o775), {}],
      [folder(CALLER, 0o755), { SUDO_UID: String(CALLER) }],
    ] as const) {
      const { code, stderr } = await runDrover(['run', '-q', '--spool', place, '--', 'true'], { environment });
      assert.deepEqual([code, stderr], [0, '']);
    }
    const other = await runDrover(['run', '--spool', folder(STRANGER), '--', 'true'], {
      environment: { SUDO_UID: String(CALLER) },
    });
    assert.equal(other.code, 4);
  },
);

test('whoever owns the directory of a capture or a report cannot make root write to another file', {
  ...LIVE,
  timeout: 90_000,
}, async () => {
  const place = folder(STRANGER);
  const victims = folder();
  const victim = join(victims, 'trace.strace');
  writeFileSync(victim, 'of root', { mode: 0o644 });
  const { ino } = statSync(victim);
  const report = join(FOLDER, 'input.strace');
  await runDrover(['run', '-q', '--save', report, '--', 'true']);
  const intruder = join(FOLDER, 'intruder.py');
  copyFileSync(join(LIVE_FOLDER, 'intruder.py'), intruder);
  chmodSync(intruder, 0o644);
  const stranger = asStranger(
    '/usr/bin/python3',
    intruder,
    place,
    victim,
    'report.json',
    'saved.strace',
    'run.strace',
    'recorded.trace',
  );
  await until('the intruder', () => readdirSync(place).length > 0);
  const pid = busy();
  const codes: (number | null)[] = [];
  for (let round = 0; round < 7; round++) {
    const force = round % 2 === 0 ? ['--force'] : [];
    const results = [
      await runDrover(strace(pid, '--save', join(place, `saved-${round}.strace`), ...force)),
      await runDrover(['run', '-q', '--save', join(place, 'run.strace'), ...force, '--', 'true']),
      await runDrover(['record', pid, '--no-family', '--engine', 'strace', '--for', '1s', ...force], {
        directory: place,
      }),
      await runDrover([report, '--json', '-o', join(place, 'report.json'), ...force]),
    ];
    codes.push(...results.map(({ code }) => code));
    for (const { code, stderr } of results) assert.ok([0, 2, 4, 74].includes(code ?? -1), `${code} ${stderr}`);
  }
  const gone = new Promise((resolve) => stranger.once('exit', resolve));
  stranger.kill('SIGKILL');
  await gone;
  assert.ok(readdirSync(place).filter((name) => name.startsWith('moved-')).length > 20, 'the intruder did nothing');
  assert.ok(codes.includes(0), codes.join(' '));
  assert.equal(readFileSync(victim, 'utf8'), 'of root');
  assert.equal(statSync(victim).mode & 0o777, 0o644);
  assert.deepEqual(readdirSync(victims), ['trace.strace']);
  // What root wrote can be read by root alone, wherever it was moved.
  for (const name of readdirSync(place, { recursive: true, encoding: 'utf8' })) {
    const status = lstatSync(join(place, name), { throwIfNoEntry: false });
    // The victim itself is seen through the links of the intruder.
    if (status?.isFile() && status.uid === 0 && status.ino !== ino) assert.equal(status.mode & 0o077, 0, name);
  }
});

test('a capture in a directory of somebody else is kept, and that they can replace it is told', LIVE, async () => {
  const place = folder(STRANGER);
  const { code, stderr } = await runDrover(['run', '--save', join(place, 'x.strace'), '--', 'true']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`But ${place} belongs to user ${STRANGER}, who can change what is in it\\.`));
  assert.ok(existsSync(join(place, 'x.strace')));
  const own = await runDrover(['run', '--save', join(folder(), 'x.strace'), '--', 'true']);
  assert.doesNotMatch(own.stderr, /But /);
});

test('what somebody puts at the name while the capture grows stays, and the capture as well', LIVE, async () => {
  const place = folder();
  const saved = join(place, 'x.strace');
  const drover = await LiveDrover.start(['attach', busy(), '--engine', 'strace', '--for', '2s', '--save', saved]);
  writeFileSync(saved, 'of somebody');
  await pause(300);
  assert.equal((await drover.ended).code, 74);
  assert.match(
    drover.stderr,
    /Cannot write .*x\.strace: it exists already\.\n[\s\S]*The capture \(.*\) is (.*trace\.strace)\./,
  );
  assert.equal(readFileSync(saved, 'utf8'), 'of somebody');
  const grown = /The capture \(.*\) is (.*trace\.strace)\./.exec(drover.stderr)?.[1] ?? '';
  assert.match(readFileSync(grown, 'latin1'), TRACE_LINE);
});
