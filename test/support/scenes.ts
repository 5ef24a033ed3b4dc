import { ask } from './name-lookups.ts';
import { connectTo, prefork, watch } from './server-lines.ts';
import { LISTENER } from './thread-lines.ts';
import type { TraceLines } from './trace-lines.ts';

/** Three workers with a loop that serve 61 requests each, and do a little of everything in them. */
function ordinary(): TraceLines {
  const { trace, workers } = prefork([101, 102, 103]);
  for (const [index, worker] of workers.entries()) {
    for (let request = 0; request < 61; request++) {
      worker.waitUntil(50 + request * 30 + index * 10, LISTENER).accept(11);
      watch(worker, 11).read(11, `GET /${request % 7}`);
      if (request % 9 === index) ask(worker, 'db.example', 3);
      if (request % 11 === index) {
        connectTo(worker, 12, 6379).waitUntil(worker.now + 1, 12);
        worker
          .send(12, '*1\\r\\n$4\\r\\nPING\\r\\n')
          .waitUntil(worker.now + 2, 12)
          .read(12, '+PONG\\r\\n')
          .close(12);
      }
      if (request % 13 === index) worker.call('fsync(21</var/lib/a.db>', ')', 0, 4);
      if (request % 17 === index)
        worker.call('flock(22</run/a.lock>, LOCK_EX', ')', 0, 2).call('flock(22</run/a.lock>, LOCK_UN', ')', 0);
      if (request % 19 === index) worker.call('openat(AT_FDCWD, "/srv/a.html", O_RDONLY', ')', 23).close(23);
      worker.reply(11).close(11);
    }
    worker.waitUntil(2500);
  }
  return trace;
}

const START = 1_000_000_000_000;
const MS = 1_000_000;

/** What watch.bt counts of two workers that stand still at the same time, and whose clients leave. */
function counted(): string {
  const turn = (pid: number, fromMs: number, ms: number): string =>
    `event=turn ts=${START + fromMs * MS} pid=${pid} tid=${pid} dur=${ms * MS}`;
  const fail = (pid: number, atMs: number, ret: number): string =>
    `event=fail ts=${START + atMs * MS} pid=${pid} tid=${pid} nr=44 ret=${ret}`;
  const lines = ['event=start program=watch version=2 machine=x86-64 ts=1000000000000 clock=1795568264.330464'];
  const seconds = [
    [turn(101, 300, 170), fail(101, 100, -32)],
    [turn(101, 1100, 400), turn(103, 1200, 500), fail(103, 1300, -104), fail(101, 1350, -32)],
    [turn(103, 2100, 300), turn(101, 2150, 300)],
  ];
  for (const [at, events] of seconds.entries()) {
    lines.push(...events, `event=tick ts=${START + (at + 1) * 1000 * MS}`);
    lines.push('@accepts[101]: 11', '@waits[101]: 97', '', '@accepts[103]: 7', '@waits[103]: 31', '');
  }
  return `${lines.join('\n')}\nevent=end ts=${START + 4000 * MS}\n`;
}

/** Captures of which it is written down what every check says. */
export const SCENES: Readonly<Record<string, () => string>> = {
  ordinary: () => ordinary().text(),
  'ordinary-without-times': () => ordinary().text({ stamps: 'none', durations: false }),
  'ordinary-without-durations': () => ordinary().text({ durations: false }),
  'ordinary-whole-seconds': () => ordinary().text({ stamps: 'seconds' }),
  counted,
};
