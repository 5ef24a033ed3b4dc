import assert from 'node:assert/strict';
import test from 'node:test';
import { findFamily, type ProcessListing } from '../../../src/sources/live/family.ts';
import type { ProcessFacts } from '../../../src/sources/live/process-facts.ts';
import { processFacts } from '../../support/process-facts.ts';

function view(...processes: readonly ProcessFacts[]): ProcessListing {
  const all = new Map(processes.map((process) => [process.pid, process]));
  return {
    parents: new Map(processes.map(({ pid, parent }) => [pid, parent])),
    read: (pid) => all.get(pid) ?? null,
  };
}

function pidsFrom(pid: number, on: ProcessListing): number[] {
  return findFamily([pid], on).map((process) => process.pid);
}

const INIT = processFacts({
  pid: 1,
  parent: 0,
  name: 'systemd',
  program: '/usr/lib/systemd',
  argv: ['/sbin/init'],
  stackStart: '11',
});

test('the whole server is found from its master and from any worker, the master first', () => {
  const titled = (title: string) => ({ argv: [title], stackStart: '702' });
  const host = view(
    INIT,
    processFacts({ pid: 101, ...titled('gunicorn: master [app]') }),
    processFacts({ pid: 103, parent: 101, ...titled('gunicorn: worker [app]') }),
    processFacts({ pid: 107, parent: 101, ...titled('gunicorn: worker [app]') }),
    processFacts({ pid: 211, stackStart: '999' }),
  );
  for (const pid of [101, 103, 107]) assert.deepEqual(pidsFrom(pid, host), [101, 103, 107]);
  assert.deepEqual(pidsFrom(211, host), [211]);
});

test('of a process that only started the server the server is found: an init of a container, a shell, sudo', () => {
  const host = view(
    INIT,
    processFacts({ pid: 91, stackStart: '5', program: '/usr/bin/tini', argv: ['/usr/bin/tini', '--', '/start.sh'] }),
    processFacts({ pid: 93, parent: 91, stackStart: '6', program: '/bin/dash', argv: ['/bin/sh', '/start.sh'] }),
    processFacts({ pid: 101, parent: 93, stackStart: '702' }),
    processFacts({ pid: 103, parent: 101, stackStart: '702' }),
    processFacts({
      pid: 107,
      parent: 93,
      stackStart: '800',
      program: '/usr/sbin/nginx',
      argv: ['nginx: master process'],
    }),
    processFacts({ pid: 191, stackStart: '7', program: '/bin/bash', argv: ['-bash'] }),
    processFacts({ pid: 301, stackStart: '9', program: '/usr/bin/node', argv: ['npm start'] }),
    processFacts({
      pid: 303,
      parent: 301,
      stackStart: '10',
      program: '/bin/dash',
      argv: ['sh', '-c', 'node server.js'],
    }),
    processFacts({ pid: 307, parent: 303, stackStart: '13', program: '/usr/bin/node', argv: ['node', 'server.js'] }),
  );
  assert.deepEqual(pidsFrom(91, host), [101, 103, 107]);
  assert.deepEqual(pidsFrom(93, host), [101, 103, 107]);
  assert.deepEqual(pidsFrom(103, host), [101, 103]);
  assert.deepEqual(pidsFrom(301, host), [307]);
  // A shell that started nothing is what was asked for.
  assert.deepEqual(pidsFrom(191, host), [191]);
});

test('a program that a worker started is none of them, nor is the supervisor above', () => {
  const host = view(
    INIT,
    processFacts({ pid: 97, stackStart: '5', argv: ['/usr/bin/python3', '/usr/bin/supervisord'] }),
    processFacts({ pid: 101, parent: 97, stackStart: '702' }),
    processFacts({ pid: 103, parent: 101, stackStart: '702' }),
    processFacts({ pid: 131, parent: 103, stackStart: '77', program: '/usr/bin/convert', argv: ['convert', 'in.png'] }),
  );
  assert.deepEqual(pidsFrom(103, host), [101, 103]);
});

test('workers that a process manager starts one by one are found by their common words', () => {
  const words = ['/usr/bin/node', '/srv/app.js'];
  const worker = (pid: number, stackStart: string) =>
    processFacts({ pid, parent: 97, program: '/usr/bin/node', argv: words, stackStart, name: 'node' });
  const host = view(
    INIT,
    processFacts({ pid: 97, program: '/usr/bin/node', argv: ['PM2 God Daemon'], stackStart: '3' }),
    worker(101, '31'),
    worker(103, '37'),
    processFacts({
      pid: 107,
      parent: 97,
      program: '/usr/bin/node',
      argv: ['/usr/bin/node', '/srv/other.js'],
      stackStart: '41',
    }),
  );
  assert.deepEqual(pidsFrom(103, host), [103, 101]);
});

test('two servers that init started with the same words are two servers', () => {
  const host = view(INIT, processFacts({ pid: 101, stackStart: '31' }), processFacts({ pid: 103, stackStart: '37' }));
  assert.deepEqual(pidsFrom(101, host), [101]);
});

test('workers of multiprocessing are found, its resource tracker is not', () => {
  const python = (pid: number, parent: number, ...argv: string[]) =>
    processFacts({ pid, parent, stackStart: String(pid), argv: ['/usr/bin/python3', ...argv] });
  const host = view(
    INIT,
    python(101, 1, '/usr/bin/uvicorn', 'app', '--workers', '2'),
    python(103, 101, '-c', 'from multiprocessing.resource_tracker import main;main(5)'),
    python(107, 101, '-c', 'from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=6)'),
    python(109, 101, '-c', 'from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=6)'),
  );
  assert.deepEqual(pidsFrom(109, host), [101, 107, 109]);
});

test('workers of a node cluster are found, which have whole paths for the words of the primary', () => {
  const node = (pid: number, parent: number, ...argv: string[]) =>
    processFacts({ pid, parent, program: '/usr/bin/node', stackStart: String(pid), argv });
  for (const [program, script] of [
    ['node', 'server.js'],
    ['/usr/bin/node', './server.js'],
    ['node', 'app/server.js'],
  ] as const) {
    const whole = `/srv/${script.replace('./', '')}`;
    const host = view(
      INIT,
      node(101, 1, program, script, '8080'),
      node(103, 101, '/usr/bin/node', whole, '8080'),
      node(107, 101, '/usr/bin/node', whole, '8080'),
      // Something else that it started.
      node(109, 101, '/usr/bin/node', '/srv/lib/otherserver.js', '8080'),
      node(113, 101, '/usr/bin/node', whole, '8081'),
    );
    for (const pid of [101, 103, 107]) assert.deepEqual(pidsFrom(pid, host), [101, 103, 107], script);
  }
});

test('a process that is gone has no family, and circles in what /proc tells end', () => {
  assert.deepEqual(pidsFrom(999, view(INIT)), []);
  const circle = view(
    processFacts({ pid: 5, parent: 7, stackStart: '3' }),
    processFacts({ pid: 7, parent: 5, stackStart: '3' }),
  );
  assert.deepEqual(pidsFrom(5, circle).sort(), [5, 7]);
});

for (const started of ['server.js', './server.js', 'server', '../srv/server.js', '.'])
  test(`a cluster of node that was started as node ${started} is found from its primary, and from a worker`, () => {
    const node = { program: '/usr/bin/node', name: 'node' };
    const host = view(
      INIT,
      processFacts({ pid: 101, ...node, argv: ['node', started], stackStart: '31' }),
      processFacts({ pid: 103, parent: 101, ...node, argv: ['/usr/bin/node', '/srv/server.js'], stackStart: '37' }),
      processFacts({ pid: 107, parent: 101, ...node, argv: ['/usr/bin/node', '/srv/server.js'], stackStart: '41' }),
      processFacts({ pid: 109, parent: 101, ...node, argv: ['/usr/bin/node', '/srv/job.js', '-x'], stackStart: '43' }),
    );
    for (const pid of [101, 103]) assert.deepEqual(pidsFrom(pid, host), [101, 103, 107]);
  });
