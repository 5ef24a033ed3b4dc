import assert from 'node:assert/strict';
import test from 'node:test';
import { readHostNotes } from '../../parsers/host-notes/host-notes.ts';

const BEFORE = `
== processors
7

== threads
    PID     TID    PPID COMMAND
   4711    4711       1 gunicorn
   4713    4713    4711 gunicorn
   4713    4719    4711 grpc pool

== counters
#kernel
TcpExtListenOverflows           101                 0.0
TcpExtListenDrops               103                 0.0

== somaxconn
4096

== command 4711
/usr/bin/python3
/usr/bin/gunicorn
-k
gevent
`;
const AFTER = BEFORE.replace('101', '118').replace('4713    4719    4711 grpc pool', '4999    4719    4711 other');

test('threads, commands and counters are read, and what was counted meanwhile', () => {
  const facts = readHostNotes(BEFORE, AFTER);
  assert.deepEqual(facts.threads.get(4_719), { pid: 4_713, parent: 4_711, comm: 'grpc pool' });
  assert.deepEqual(facts.threads.get(4_711), { pid: 4_711, parent: 1, comm: 'gunicorn' });
  assert.deepEqual(facts.commands.get(4_711), ['/usr/bin/python3', '/usr/bin/gunicorn', '-k', 'gevent']);
  assert.equal(facts.processors, 7);
  assert.equal(facts.listenOverflows, 17);
  assert.equal(facts.longestQueue, 4_096);
});

test('a word of a process that looks like a heading is a word, in what is recorded today', () => {
  const facts = readHostNotes(
    '\n== threads\n\t 17 17 1 gunicorn\n\n== command 17\n\tpython3\n\t== threads\n\t 1 1 1 forged\n\t== command 19\n',
    '',
  );
  assert.deepEqual([...facts.threads.keys()], [17]);
  assert.deepEqual([...facts.commands], [[17, ['python3', '== threads', ' 1 1 1 forged', '== command 19']]]);
});

test('in older captures the first section of a name counts, and of two commands of one process neither', () => {
  const forged =
    '\n== threads\n 17 17 1 gunicorn\n\n== command 17\nx\n== threads\n 1 1 1 forged\n== command 19\nforged\n\n== command 19\nreal\n';
  const facts = readHostNotes(forged, '');
  assert.deepEqual([...facts.threads.keys()], [17]);
  assert.deepEqual([...facts.commands], [[17, ['x']]]);
});

test('what is missing, cut off or nonsense was not noted', () => {
  for (const text of [
    '',
    '== ',
    '== threads\nnobody',
    '== counters\nTcpExtListenOverflows',
    'x'.repeat(997),
    '\0\xff== threads',
  ]) {
    const facts = readHostNotes(text, text);
    assert.equal(facts.threads.size, 0);
    assert.equal(facts.processors, null);
    assert.equal(facts.listenOverflows, null);
  }
  assert.equal(readHostNotes(BEFORE, '').listenOverflows, null);
  for (let end = 0; end < BEFORE.length; end += 13) readHostNotes(BEFORE.slice(0, end), BEFORE.slice(end));
});
