import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { causesIn } from '../../src/analysis/causes.ts';
import type { Finding, Report } from '../../src/analysis/report.ts';
import { renderMarkdown } from '../../src/output/markdown.ts';
import { renderText } from '../../src/output/text.ts';
import { analyzed, ofKind, only } from '../support/analyzed.ts';
import { arrivals } from '../support/arrivals.ts';
import { prefork, startThread } from '../support/server-lines.ts';
import { failed, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { turn } from '../support/turns.ts';

const SCREEN = { columns: 80, rows: 24 };
const LOCK = '21</var/lib/app.lock>';

/**
 * A bad night: gunicorn workers that herd, block in seven ways, all at once among them, answer clients that have left,
 * and forget sockets.
 */
async function badNight(): Promise<Report> {
  const { trace, workers } = prefork([101, 102, 103], {
    argv: ['gunicorn', '-k', 'gevent', '--timeout', '4', 'app:app'],
  });
  const [first, second, third] = workers as [ThreadLines, ThreadLines, ThreadLines];
  arrivals(workers, { connections: 47, wasted: 89 });
  turn(
    first,
    1000,
    700,
    (worker) => worker.call(`flock(${LOCK}, LOCK_EX`, ')', 0).gap(600).call(`flock(${LOCK}, LOCK_UN`, ')', 0),
    'GET /export',
  );
  turn(
    second,
    1010,
    700,
    (worker) => worker.call(`flock(${LOCK}, LOCK_EX`, ')', 0, 660).call(`flock(${LOCK}, LOCK_UN`, ')', 0),
    'GET /import',
  );
  turn(third, 1020, 650, (worker) => worker.call('fsync(22</var/lib/audit.log>', ')', 0, 630), 'POST /order');
  turn(third, 2000, 1100, (worker) => nameServerIsSilent(worker), 'GET /rates');
  behindAStall(first, 3000);
  forgets(second, 4000);
  turn(third, 5000, 300, (worker) => interpreterLock(worker, 57), 'GET /page');
  startThread(third, 140);
  trace.thread(140).at(5310).call('getpid(', ')', 103);
  for (const worker of workers) worker.waitUntil(17_000);
  return analyzed(trace);
}

function nameServerIsSilent(worker: ThreadLines): void {
  worker.call('socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP', ')', '12<socket:[6012]>');
  worker.call(
    'connect(12<socket:[6012]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16',
    ')',
    0,
  );
  const question = '\\20\\6\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\5rates\\7example\\0\\0\\1\\0\\1';
  worker.call(`sendto(12<socket:[6012]>, "${question}", 31, MSG_NOSIGNAL, NULL, 0`, ')', 31);
  worker.call('poll([{fd=12<socket:[6012]>, events=POLLIN}], 1, 1000', ')', '0 (Timeout)', 1001);
  worker.call('close(12<socket:[6012]>', ')', 0);
}

/** Request A has its answer late: its loop was with B, and its client has left and asks again. */
function behindAStall(worker: ThreadLines, at: number): void {
  worker.waitUntil(at, LISTENER).accept(11, { port: 40_001 }).read(11, 'GET /a').accept(12).read(12, 'GET /b');
  worker.gap(900).reply(12).close(12).replyFails(11).close(11);
  worker
    .waitUntil(at + 950, LISTENER)
    .accept(11, { port: 40_002 })
    .read(11, 'GET /a')
    .reply(11)
    .close(11);
}

function forgets(worker: ThreadLines, at: number): void {
  worker.waitUntil(at, LISTENER).accept(11).read(11, 'GET /feed');
  for (let fd = 200; fd < 211; fd++) {
    worker.call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', ')', `${fd}<socket:[${7000 + fd}]>`);
    worker.call(`recvfrom(${fd}<socket:[${7000 + fd}]>, `, '"", 8192, 0, NULL, NULL)', 0);
  }
  worker.reply(11).close(11);
}

function interpreterLock(worker: ThreadLines, slices: number): void {
  for (let slice = 0; slice < slices; slice++)
    worker.call(
      'futex(0x8a65f4, FUTEX_WAIT_BITSET_PRIVATE, 0, {tv_sec=80, tv_nsec=1}, FUTEX_BITSET_MATCH_ANY',
      ')',
      failed('ETIMEDOUT'),
      5.1,
    );
}

const report = await badNight();
const serious = report.findings.filter(({ severity }) => severity !== 'info');
const causes = causesIn(serious);

function advice({ next }: Finding): string {
  return next.map(({ text, command = '', caveat = '' }) => `${text} ${command} ${caveat}`).join('\n');
}

describe('a report of many findings', () => {
  it('holds what happened', () => {
    const kinds = new Set(serious.map(({ kind }) => kind));
    for (const kind of [
      'service-stall',
      'loop-stall',
      'lock-contention',
      'disk-sync',
      'blocking-dns',
      'gil-starvation',
      'fd-leak',
      'broken-pipe',
    ] as const)
      assert.ok(kinds.has(kind), `${kind}: ${report.outcomes[kind]?.reason}`);
    // Its cost is small at this rate.
    assert.equal(report.findings.find(({ kind }) => kind === 'thundering-herd')?.severity, 'info');
    assert.ok(serious.length >= 10, String(serious.length));
  });

  it('has one verdict, that names the finding to act on first and says how many there are', () => {
    const first = report.findings[0] as Finding;
    // That nobody could accept is what came of it.
    assert.equal(first.kind, 'loop-stall');
    assert.deepEqual(first.effects, ['service-stall-1']);
    assert.match(only(report, 'service-stall').effect ?? '', /^nobody could accept .* \(other stalls included\)$/);
    assert.equal(report.verdict.text, `Likely: ${first.title} (+${causes.length - 1} more)`);
    assert.equal(report.verdict.severity, 'critical');
  });

  it('puts stalls before herds, and causes before what they explain', () => {
    const place = (kind: Finding['kind']): number => report.findings.findIndex((finding) => finding.kind === kind);
    const lastStall = report.findings.findLastIndex(({ kind }) => kind === 'loop-stall');
    assert.ok(place('thundering-herd') > lastStall, JSON.stringify(report.findings.map(({ id }) => id)));
    const pipe = only(report, 'broken-pipe');
    const behind = report.findings.findIndex(
      ({ kind, metrics }) => kind === 'loop-stall' && metrics.request === 'GET /b',
    );
    assert.ok(place('broken-pipe') > behind && behind >= 0);
    assert.ok(pipe.related.includes(report.findings[behind]?.id ?? ''));
  });

  it('links findings in both directions, and only with findings of this report', () => {
    for (const { id, related } of report.findings) {
      assert.ok(!related.includes(id));
      for (const other of related)
        assert.ok(
          report.findings.find((finding) => finding.id === other)?.related.includes(id),
          `${other} does not know ${id}`,
        );
    }
    const lock = only(report, 'lock-contention');
    const waiting = ofKind(report, 'loop-stall').find(({ metrics }) => metrics.cause === 'file-lock') as Finding;
    assert.ok(lock.related.includes(waiting.id) && waiting.related.includes(lock.id));
  });

  it('advises nothing that another finding speaks against', () => {
    const texts = report.findings.map(advice).join('\n');
    // Queues of their own would strand connections on a stalled worker.
    assert.ok(serious.every(({ next }) => next.every(({ command = '' }) => !/reuse-?port/i.test(command))));
    assert.doesNotMatch(texts, /^(?!.*(hides|only makes|moves the day)).*\b(raise|increase|lengthen)\b.*\btimeout/im);
    // More workers queue for the same lock; only the note that says so may name them.
    for (const line of texts.split('\n').filter((text) => /\bmore workers\b/i.test(text)))
      assert.match(line, /ceiling|herd|wait as well/, line);
    assert.match(advice(only(report, 'thundering-herd')), /^First mend this: /);
  });

  it('shows verdict and findings on the first screen, and again on the last', () => {
    const lines = renderText(report, { width: SCREEN.columns, colour: false, ascii: false, verbose: 0 })
      .trimEnd()
      .split('\n');
    const first = lines.slice(0, SCREEN.rows - 1).join('\n');
    const last = lines.slice(1 - SCREEN.rows).join('\n');
    const title = (report.findings[0] as Finding).title;
    for (const screen of [first, last]) {
      assert.match(screen, /^CRITICAL {4}Likely: GET \/\w+ holds/m);
      assert.ok(screen.includes(` 1  CRITICAL  ${title.slice(0, 60)}`), screen);
    }
    assert.match(first, /^FINDINGS {4}\d+, in the order to act on them/m);
    assert.match(last, /^NEXT {8}\S.*$/m);
    assert.doesNotMatch(last, /^NEXT {8}.*see the/m);
    for (const line of lines) assert.ok(line.length <= SCREEN.columns || /^ {8,}\S/.test(line), line);
  });

  it('is an incident note that begins with the verdict and what to do first', () => {
    const note = renderMarkdown(report).split('\n');
    assert.match(note[0] ?? '', /^# drover: CRITICAL, likely$/);
    assert.match(note[2] ?? '', /^\*\*Likely: GET \S+ holds/);
    // That nobody could accept is the work of single stalls: the step is that of the worst of them.
    assert.match(note[4] ?? '', /^Do first \(1\): /);
    assert.ok(note.some((line) => line.startsWith('Effects: ') && line.includes('nobody could accept')));
    assert.ok(note.length < 60);
    assert.equal(
      new Set(note.filter((line) => line.startsWith('- [ ]'))).size,
      note.filter((line) => line.startsWith('- [ ]')).length,
    );
  });
});

describe('a herd that is worse than the stall beside it', () => {
  it('comes after the stall, and the verdict says how bad it is all the same', async () => {
    const { trace, workers } = prefork([101, 102, 103], { argv: ['gunicorn'] });
    arrivals(workers, { connections: 997, wasted: 1993, every: 0.6 });
    turn(workers[0] as ThreadLines, 1000, 150);
    for (const worker of workers) worker.waitUntil(2000);
    const found = await analyzed(trace);
    assert.deepEqual(
      found.findings.slice(0, 2).map(({ kind, severity }) => [kind, severity]),
      [
        ['loop-stall', 'warning'],
        ['thundering-herd', 'critical'],
      ],
    );
    assert.equal(found.verdict.severity, 'critical');
    assert.match(found.verdict.text, /^Likely: GET \/slow holds worker 101 for 150 ms.* \(\+1 more, 1 critical\)$/);
  });
});
