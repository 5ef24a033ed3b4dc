import assert from 'node:assert/strict';
import { chmodSync, chownSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { cpuStacks } from '../../../src/sources/live/code/cpu-stacks.ts';
import { readPerfMap, readStrangersFile } from '../../../src/sources/live/code/perf-map.ts';
import { programOnPath } from '../../../src/sources/live/code/program-on-path.ts';
import { euStack, gdb } from '../../../src/sources/live/code/stopping-samplers.ts';
import { codePlace, tellingFrame } from '../../../src/trace/code-frame.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { withPath } from '../../support/with-path.ts';

const IS_ROOT = process.geteuid?.() === 0;
const MAP = [
  '1000 100 JS:~boot node:internal/main:1:1',
  '2000 80 JS:*render /srv/server.js:88:13',
  '2080 80 LazyCompile:*format file:///srv/node_modules/x/index.mjs:5:2',
  '3000 10 py::handle:/srv/app.py',
  '4000 ffffffffffffffffff nonsense',
  'not a line',
  '5000 10 Builtin:JSEntry',
  '1000 10 JS:^later /srv/late.js:3:1',
].join('\n');

describe('a perf map', () => {
  it('names what lies at an address, by its latest line', () => {
    const at = [0x1000n, 0x1010n, 0x2000n, 0x207fn, 0x2080n, 0x3001n, 0x4000n, 0x5001n, 0x9999n];
    assert.deepEqual(
      readPerfMap(MAP, at).map((frame) => frame && `${frame.name} ${frame.file}:${frame.line}`),
      [
        'later /srv/late.js:3',
        'boot node:internal/main:1',
        'render /srv/server.js:88',
        'render /srv/server.js:88',
        'format /srv/node_modules/x/index.mjs:5',
        'handle /srv/app.py:0',
        null,
        'Builtin:JSEntry :0',
        null,
      ],
    );
  });

  it('that says much about the same addresses holds nobody up, and its last word counts', () => {
    const lines = Array.from({ length: 100_003 }, (_, index) => `1000 ffffffff JS:*f${index} /srv/x.js:${index}:1`);
    const addresses = Array.from({ length: 4_001 }, (_, index) => 0x1000n + BigInt(index));
    const started = performance.now();
    const frames = readPerfMap(`${lines.join('\n')}\n`, addresses);
    assert.ok(performance.now() - started < 1_000);
    assert.ok(frames.every((frame) => frame?.name === 'f100002'));
    // None of these is at the address: there is an end to looking.
    const others = performance.now();
    assert.deepEqual(readPerfMap('9 1 x\n'.repeat(5_000_011), [7n]), [null]);
    assert.ok(performance.now() - others < 1_000);
  });

  it('is read from a plain file of the process only, which is what it should be', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'perf-7.map');
    const own = process.geteuid?.() ?? 0;
    writeFileSync(path, MAP);
    symlinkSync(path, join(folder, 'link.map'));
    mkdirSync(join(folder, 'folder.map'));
    assert.equal(readStrangersFile(path, own), MAP);
    for (const name of ['link.map', 'folder.map', 'none.map'])
      assert.equal(readStrangersFile(join(folder, name), own), '');
    assert.equal(readStrangersFile('/dev/zero', own), '');
    linkSync(path, join(folder, 'second.map'));
    assert.equal(readStrangersFile(path, own), '');
  });

  it('of another user than the process, who is not root, is not read', { skip: !IS_ROOT && 'only root' }, () => {
    const path = join(temporaryFolder(), 'perf-11.map');
    writeFileSync(path, MAP);
    assert.equal(readStrangersFile(path, 1_009), MAP);
    chownSync(path, 1_009, 1_009);
    assert.equal(readStrangersFile(path, 1_009), MAP);
    assert.equal(readStrangersFile(path, 1_013), '');
    assert.equal(readStrangersFile(path, 0), '');
  });
});

describe('a program on the PATH', () => {
  it('is started by the name of the file that was looked at', async () => {
    const folder = temporaryFolder();
    const real = join(folder, 'real');
    mkdirSync(real);
    writeFileSync(join(real, 'py-spy-0.4'), '#!/bin/sh\n', { mode: 0o755 });
    symlinkSync(join(real, 'py-spy-0.4'), join(folder, 'py-spy'));
    await withPath(folder, () => {
      assert.equal(programOnPath('py-spy'), join(real, 'py-spy-0.4'));
      chmodSync(join(real, 'py-spy-0.4'), 0o777);
      assert.equal(programOnPath('py-spy'), null);
      assert.equal(programOnPath('eu-stack'), null);
    });
  });
});

describe('stacks of a thread that computes, as bpftrace counts them', () => {
  const MAPS = [
    '7000-8000 r-xp 00000000 08:01 11 /usr/bin/node',
    '9000-a000 r--p 00000000 08:01 12 /usr/lib/libz.so.1.2.13',
    '0000a000-0000b000 r-xp 00001000 08:01 12 /usr/lib/libz.so.1.2.13',
    'b000-c000 r-xp 00000000 08:01 13 /usr/lib/x86_64-linux-gnu/libc.so.6',
    'd000-e000 rw-p 00000000 00:00 0',
  ].join('\n');
  const printed = (...stacks: readonly (readonly [count: number, ...addresses: string[]])[]): string =>
    `Attaching 2 probes...\n\n\n${stacks
      .map(
        ([count, ...addresses]) =>
          `@[\n${addresses.map((at) => `\t${at} 0x${at} ([unknown])\n`).join('')}]: ${count}\n`,
      )
      .join('')}`;
  const functionsAt = (mapping: string, file: string, places: readonly bigint[]): ReadonlyMap<bigint, string> => {
    assert.deepEqual([mapping, file], ['a000-b000', '/usr/lib/libz.so.1.2.13']);
    return new Map(places.filter((place) => place === 0x1b02n).map((place) => [place, 'inflate']));
  };
  const placeIn = (perfMap: string, text: string): string => {
    const [stack] = cpuStacks('/usr/bin/bpftrace', () => ({ maps: MAPS, perfMap, functionsAt })).read(text, 7, 7);
    const frame = tellingFrame(stack?.frames ?? []);
    return frame === null ? '' : codePlace(frame);
  };

  it('show the function that the perf map names, the one that was seen most', () => {
    const text = printed([2, '7001', '1000'], [3, '7001', '2001'], [2, '7002', '2002', '5001'], [4, '1011', '7003']);
    assert.equal(placeIn(MAP, text), 'server.js:88 render()');
  });

  it('show the library without one, and nothing where only the interpreter ran', () => {
    assert.equal(placeIn('', printed([3, 'b001', 'a001', '7001'])), 'libz.so.1.2.13');
    assert.equal(placeIn('', printed([3, 'b001', '7001', 'd001'])), '');
  });

  it('show the function of a library that its file names there', () => {
    assert.equal(placeIn('', printed([3, 'ab02', '7001'])), 'libz.so.1.2.13 inflate()');
  });

  it('show nothing where there are none', () => {
    for (const text of ['', 'ERROR: could not attach', '@[\n]: 3\n', '@[\n\tzz\n]: 1\n'])
      assert.equal(placeIn(MAP, text), '');
  });

  it('are asked for by number, without a shell and without names', () => {
    const sampler = cpuStacks('/usr/bin/bpftrace');
    const [program, flag, text] = sampler.command(7, 11);
    assert.deepEqual([program, flag, sampler.stops], ['/usr/bin/bpftrace', '-e', false]);
    assert.match(text ?? '', /\/tid == 11\/.*ustack\(perf, 40\).*exit\(\)/);
    assert.equal(sampler.environment?.BPFTRACE_NO_USER_SYMBOLS, '1');
  });
});

describe('stacks of a process that was stopped for them', () => {
  it('are read as eu-stack prints them', () => {
    const text = [
      'PID 17776 - process',
      'TID 17776:',
      '#0  0x00007fb6d0d26cae epoll_pwait@@GLIBC_2.6 - /usr/lib/x86_64-linux-gnu/libc.so.6',
      '#1  0x00000000018c0366 shop::Cart::total(int, std::string const&) - /srv/bin/shop',
      '#2  0x00000000018c0399 - 1 - /srv/bin/shop',
      'TID 17796:',
      '#0  0x00007fb6d0ca3f16 __futex_abstimed_wait_common - /usr/lib/x86_64-linux-gnu/libc.so.6',
      'TID 17799:',
      '',
    ].join('\n');
    const threads = euStack('/usr/bin/eu-stack').read(text, 17_776, 17_776);
    assert.deepEqual(
      threads.map(({ tid, isMain, frames }) => [tid, isMain, frames.map(({ name, file }) => `${name} ${file}`)]),
      [
        [
          17_776,
          true,
          ['epoll_pwait /usr/lib/x86_64-linux-gnu/libc.so.6', 'shop::Cart::total /srv/bin/shop', ' /srv/bin/shop'],
        ],
        [17_796, false, ['__futex_abstimed_wait_common /usr/lib/x86_64-linux-gnu/libc.so.6']],
      ],
    );
  });

  it('are read as gdb prints them, without the values of arguments', () => {
    const text = [
      '[New LWP 17796]',
      '0x00007fb6d0d26cae in epoll_pwait () from /lib/x86_64-linux-gnu/libc.so.6',
      '',
      'Thread 1 (Thread 0x7fb6d11846c0 (LWP 17776) "shop"):',
      '#0  0x00007fb6d0d26cae in epoll_pwait () from /lib/x86_64-linux-gnu/libc.so.6',
      '#1  pay (card=card@entry=0x5660460 "4111-1111") at ../src/pay.c:384',
      '#2  0x00000000018ac8a7 in ?? ()',
      '[Inferior 1 (process 17776) detached]',
    ].join('\n');
    const [thread] = gdb('/usr/bin/gdb').read(text, 17_776, 17_776);
    assert.deepEqual(thread, {
      tid: 17_776,
      isMain: true,
      frames: [
        { name: 'epoll_pwait', file: '/lib/x86_64-linux-gnu/libc.so.6', line: 0 },
        { name: 'pay', file: '../src/pay.c', line: 384 },
        { name: '', file: '', line: 0 },
      ],
    });
    assert.doesNotMatch(JSON.stringify(thread), /4111/);
  });

  it('run no script of the process and ask no server', () => {
    const command = gdb('/usr/bin/gdb').command(7, 7).join(' ');
    assert.match(command, /-nx -batch -iex set auto-load off -iex set debuginfod enabled off .*-p 7 /);
  });
});
