import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { AttachError } from '../../../src/sources/attach-error.ts';
import type { ProcessFacts } from '../../../src/sources/live/process-facts.ts';
import { findTargets } from '../../../src/sources/live/targets.ts';
import { FakeProc, tcpRow } from '../../support/fake-proc.ts';
import { processFacts } from '../../support/process-facts.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const FOLDER = temporaryFolder();
const SELF = 991;

/** What a word means on a host with these processes. */
function found(word: string, processes: readonly ProcessFacts[], proc?: FakeProc, maySeeOthers = true): number[] {
  const all = new Map(processes.map((process) => [process.pid, process]));
  const view = {
    parents: new Map(processes.map(({ pid, parent }) => [pid, parent])),
    read: (pid: number) => all.get(pid) ?? null,
  };
  return findTargets([word], { view, self: SELF, root: proc?.root ?? FOLDER, maySeeOthers });
}

const MASTER = processFacts({ pid: 101, stackStart: '702' });
const WORKER = processFacts({ pid: 103, parent: 101, stackStart: '702' });
const DROVER = processFacts({ pid: SELF, program: '/usr/bin/node', argv: ['node', 'drover', 'attach', 'gunicorn'] });

describe('whom a word means', () => {
  it('is the process of that number, there or not', () => {
    assert.deepEqual(found('4711', []), [4711]);
    assert.deepEqual(found('4711,4713', []), [4711, 4713]);
  });

  it('is the server of that name, whoever interprets it, and never drover itself', () => {
    assert.deepEqual(found('gunicorn', [MASTER, WORKER, DROVER]), [101, 103]);
    const module = { argv: ['/usr/bin/python3.11', '-B', '-m', 'uvicorn', 'app:app'], stackStart: '3' };
    assert.deepEqual(found('uvicorn', [processFacts({ pid: 107, ...module }), DROVER]), [107]);
    assert.deepEqual(found('server', [processFacts({ pid: 107, argv: ['node', '/srv/server.js'] })]), [107]);
  });

  it('is the server that wrote its name over its words', () => {
    const nginx = { program: '/usr/sbin/nginx', stackStart: '5' };
    const processes = [
      processFacts({ pid: 101, ...nginx, argv: ['nginx: master process /usr/sbin/nginx -g daemon off;'] }),
      processFacts({ pid: 103, parent: 101, ...nginx, argv: ['nginx: worker process'] }),
    ];
    assert.deepEqual(found('nginx', processes), [101, 103]);
  });

  it('is no program that only has the name among its words', () => {
    const editor = processFacts({ pid: 107, program: '/usr/bin/vim', argv: ['vim', 'gunicorn'] });
    const shell = processFacts({ pid: 109, program: '/usr/bin/dash', argv: ['sh', '-c', 'gunicorn app'] });
    assert.throws(() => found('gunicorn', [editor, shell]), /No process is called gunicorn\./);
  });

  it('is asked for when there are several servers of that name', () => {
    const other = processFacts({ pid: 211, stackStart: '999', argv: ['/usr/bin/python3', '/usr/bin/gunicorn', 'api'] });
    assert.throws(
      () => found('gunicorn', [MASTER, WORKER, other]),
      (error) =>
        error instanceof AttachError &&
        /^2 servers are called gunicorn: 101 \(.*app\), 211 \(.*api\)\.$/.test(error.message) &&
        error.hint === 'Name one of them by its pid.',
    );
  });

  it('is who listens on the unix socket of that path', () => {
    const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
    const row = (flags: string, inode: number, path: string): string =>
      `0000000073eff7b1: 00000003 00000000 ${flags} 0001 01 ${inode} ${path}`;
    for (const [pid, inode] of [
      [101, 4711],
      [103, 4711],
      [107, 4719],
    ] as const) {
      proc.set({ pid, threads: [], descriptors: { 5: `socket:[${inode}]` } });
      // A connection has the path of its listener.
      proc.table(pid, 'unix', [row('00010000', 4711, '/run/fpm.sock'), row('00000000', 4719, '/run/fpm.sock')]);
    }
    const client = processFacts({ pid: 107, stackStart: '5' });
    assert.deepEqual(found('/run/fpm.sock', [MASTER, WORKER, client], proc), [101, 103]);
    assert.deepEqual(found('unix:/run/fpm.sock', [MASTER, WORKER, client], proc), [101, 103]);
    assert.throws(
      () => found('/run/other.sock', [MASTER, WORKER, client], proc),
      /Nobody listens on the unix socket \/run\/other\.sock\./,
    );
  });

  it('is not who opened the socket for a program that it starts on demand', () => {
    const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
    for (const pid of [97, 101, 103]) {
      proc.set({ pid, threads: [], descriptors: { 3: 'socket:[4711]' } });
      proc.table(pid, 'tcp', [tcpRow('0100007F:1F40', '00000000:0000', '0A', 4711)]);
    }
    const activator = processFacts({ pid: 97, program: '/usr/bin/systemd-socket-activate', stackStart: '11' });
    const master = processFacts({ pid: 101, parent: 97, stackStart: '702' });
    assert.deepEqual(found(':8000', [activator, master, WORKER], proc), [101, 103]);
    assert.deepEqual(found(':8000', [MASTER, WORKER], proc), [101, 103]);
  });

  it('is who listens on the port', () => {
    const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
    for (const [pid, link] of [
      [1, 'socket:[4711]'],
      [101, 'socket:[4711]'],
      [103, 'socket:[4711]'],
      [107, 'socket:[4713]'],
    ] as const) {
      proc.set({ pid, descriptors: { 5: link }, threads: [] });
      proc.table(pid, 'tcp', [tcpRow('00000000:1F40', '00000000:0000', '0A', 4711)]);
    }
    const init = processFacts({ pid: 1, parent: 0, name: 'systemd' });
    const client = processFacts({ pid: 107, stackStart: '9' });
    assert.deepEqual(found(':8000', [init, MASTER, WORKER, client], proc), [101, 103]);
    assert.deepEqual(found('127.0.0.1:8000', [init, MASTER, WORKER, client], proc), [101, 103]);
    assert.throws(() => found(':8001', [init, MASTER, WORKER, client], proc), /Nobody listens on port 8001\./);
  });

  it('is nobody whom this user may see, where the kernel says that somebody listens', () => {
    const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
    for (const pid of [101, SELF]) {
      proc.set({ pid, threads: [] });
      proc.table(pid, 'tcp', [tcpRow('00000000:1F40', '00000000:0000', '0A', 4711)]);
    }
    const sees = (word: string, maySeeOthers: boolean) => () => found(word, [MASTER, DROVER], proc, maySeeOthers);
    assert.throws(sees(':8000', false), /Somebody listens on :8000; this user may not see which process does\./);
    assert.throws(sees(':8001', false), /Nobody listens on port 8001\./);
    // A socket that systemd alone holds.
    assert.throws(sees(':8000', true), /Nobody listens on port 8000\./);
  });

  it('is who runs in the unit, and the name of the unit will do', () => {
    const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
    for (const pid of [101, 103]) proc.set({ pid, cgroup: '0::/system.slice/web.service\n', threads: [] });
    proc.set({ pid: 107, cgroup: '0::/system.slice/webmail.service\n', threads: [] });
    const all = [MASTER, WORKER, processFacts({ pid: 107, stackStart: '9' })];
    assert.deepEqual(found('web.service', all, proc), [101, 103]);
    assert.deepEqual(found('web', all, proc), [101, 103]);
    assert.throws(() => found('we', all, proc), /No process is called we\./);
    assert.throws(() => found('we.service', all, proc), /The unit we\.service has no process here\./);
    assert.throws(() => found(':65536', all, proc), /65536 is no port\./);
  });
});
