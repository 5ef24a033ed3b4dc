import assert from 'node:assert/strict';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { underOwnName } from '../../../src/sources/live/code/started-as.ts';
import { codeFrame } from '../../../src/trace/code-frame.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A process 101 of a made-up /proc that runs `program` of `bin`, with these words and this name. */
function made(program: string, cmdline: string, comm: string, link: (bin: string) => void = () => undefined) {
  const folder = temporaryFolder();
  const bin = join(folder, 'bin');
  const own = join(folder, 'proc/101');
  mkdirSync(bin);
  mkdirSync(own, { recursive: true });
  writeFileSync(join(bin, program), 'program');
  link(bin);
  symlinkSync(join(bin, program), join(own, 'exe'));
  symlinkSync('/', join(own, 'root'));
  writeFileSync(join(own, 'cmdline'), cmdline);
  writeFileSync(join(own, 'comm'), `${comm}\n`);
  const frames = [codeFrame('', join(bin, program), 0), codeFrame('main', '/usr/lib/libx.so', 0)];
  return underOwnName(frames, 101, join(folder, 'proc')).map(({ name, file }) => `${name}@${file.replace(bin, 'bin')}`);
}

describe('the code of a program of which one file has several names', () => {
  const title = 'redis-server 127.0.0.1:6379\0\0\0';

  it('is named as the process was started, by a link or a second name of the file', () => {
    for (const make of [
      (bin: string) => symlinkSync('redis-check-rdb', join(bin, 'redis-server')),
      (bin: string) => linkSync(join(bin, 'redis-check-rdb'), join(bin, 'redis-server')),
    ])
      assert.deepEqual(made('redis-check-rdb', title, 'redis-server', make), [
        '@bin/redis-server',
        'main@/usr/lib/libx.so',
      ]);
  });

  it('is named by the name of the process where its words are a title', () => {
    const make = (bin: string): void => symlinkSync('busybox', join(bin, 'httpd'));
    assert.equal(made('busybox', 'web: worker 1\0', 'httpd', make)[0], '@bin/httpd');
  });

  it('keeps the name that the kernel says where the other one is no file, or another one', () => {
    const other = (bin: string): void => writeFileSync(join(bin, 'redis-server'), 'another');
    assert.equal(made('redis-check-rdb', title, 'redis-server')[0], '@bin/redis-check-rdb');
    assert.equal(made('redis-check-rdb', title, 'redis-server', other)[0], '@bin/redis-check-rdb');
    for (const [words, comm] of [
      ['', ''],
      ['..\0', '/'],
      ['nginx: worker process\0', 'nginx'],
    ] as const)
      assert.equal(made('nginx', words, comm)[0], '@bin/nginx');
  });
});
