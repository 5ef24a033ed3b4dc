import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FORMS,
  linesOf,
  loud,
  NETWORK,
  onlyCalls,
  reportOn,
  stamped,
  successful,
  testLateAnswers,
  testMissingLines,
  testSuccessful,
  testWholeSeconds,
  thinned,
  WAITS,
  withoutCalls,
} from './incomplete-captures.ts';

const READS = /(?:readv?|recv(?:from|msg))/;
const WRITES = /(?:writev?|send(?:to|msg|file))/;

describe('a capture that was filtered by names of calls', () => {
  it('warns of no busy workers where their waits are not in it, and says which calls are missing', async () => {
    const lines = linesOf('nginx-504/healthy');
    assert.deepEqual(loud(await reportOn(lines)), []);
    for (const rest of [withoutCalls(lines, WAITS), onlyCalls(lines, NETWORK)]) {
      const { verdict, quality, outcomes, findings } = await reportOn(rest);
      assert.deepEqual(
        findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title),
        [],
      );
      assert.match(verdict.text, /^Cannot tell: the capture holds no epoll_wait, poll or select\. Record all calls/);
      assert.equal(verdict.confidence, 'cannot-tell');
      assert.equal(quality.grade, 'partial');
      assert.match(quality.notes.join(' '), /holds no epoll_wait, poll or select, although .*: -e or grep left/);
      for (const kind of ['loop-stall', 'service-stall', 'worker-saturation'] as const)
        assert.equal(outcomes[kind]?.status, 'not-applicable', kind);
    }
  });

  it('clears nobody who waits for another service where the answers are not in it', async () => {
    const { verdict, outcomes } = await reportOn(withoutCalls(linesOf('nginx-504'), READS));
    assert.match(verdict.text, /^Cannot tell: the capture holds no read or recv of a socket/);
    assert.equal(outcomes['slow-dependency']?.status, 'not-applicable');
  });

  it('blames no client for leaving where the replies are not in it', async () => {
    const lines = withoutCalls(linesOf('nginx-load/healthy'), WRITES);
    const { verdict, outcomes, findings } = await reportOn(lines);
    assert.equal(outcomes['abandoned-request']?.status, 'not-applicable');
    assert.deepEqual(
      findings.map(({ kind }) => kind).filter((kind) => kind === 'abandoned-request' || kind === 'request-retry'),
      [],
    );
    assert.equal(verdict.confidence, 'cannot-tell', verdict.text);
  });

  testLateAnswers(['servers/gthread-slow']);

  it('clears no client of having left where neither closes nor waits are in it', async () => {
    const lines = linesOf('servers/nginx-leavers');
    assert.equal((await reportOn(lines)).outcomes['request-retry']?.status, 'found');
    for (const rest of [withoutCalls(lines, WAITS), withoutCalls(lines, /close/), onlyCalls(lines, NETWORK)]) {
      const { outcomes, findings } = await reportOn(rest);
      for (const kind of ['abandoned-request', 'request-retry'] as const)
        assert.notEqual(outcomes[kind]?.status, 'clear');
      assert.deepEqual(
        findings.filter(({ kind }) => kind === 'slow-dependency').map(({ title }) => title),
        [],
      );
    }
  });

  it('calls nobody busy between two accepts where it shows neither reads nor writes', async () => {
    for (const name of ['servers/classic-single', 'servers/classic-fork', 'servers/node-slow']) {
      const { outcomes } = await reportOn(onlyCalls(linesOf(name), /^(?:epoll_wait|accept4)$/));
      assert.equal(outcomes['worker-saturation']?.status, 'not-applicable', name);
    }
  });

  it('is told of no filter where all calls are there', async () => {
    for (const name of ['nginx-504/healthy', 'nginx-504', 'asyncio-server/healthy']) {
      const { quality } = await reportOn(linesOf(name));
      assert.doesNotMatch(quality.notes.join(' '), /holds no|Lines are missing/, name);
    }
  });

  it('holds the replies where each of them failed', async () => {
    const client = '5<TCP:[10.0.0.4:8000->10.2.0.7:51544]>';
    const lines = Array.from({ length: 13 }, (_, index) =>
      [
        'epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=3}}], 8, -1) = 1 <0.000100>',
        `accept4(3<TCP:[0.0.0.0:8000]>, NULL, NULL, SOCK_CLOEXEC) = ${client} <0.000050>`,
        `recvfrom(${client}, "GET /report HTTP/1.1\\r\\n\\r\\n", 8192, 0, NULL, NULL) = 24 <0.000020>`,
        `sendto(${client}, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = -1 EPIPE (Broken pipe) <0.000030>`,
        `close(${client}) = 0 <0.000010>`,
      ].map((call, at) => `101 ${(1_795_197_672 + index + at / 10).toFixed(6)} ${call}`),
    ).flat();
    const { quality, outcomes } = await reportOn(lines);
    assert.doesNotMatch(quality.notes.join(' '), /holds no/);
    assert.equal(outcomes['broken-pipe']?.status, 'found');
    const without = await reportOn(lines.filter((line) => !line.includes('sendto')));
    assert.match(without.quality.notes.join(' '), /holds no write or send of a reply, although 1[23] requests/);
  });

  describe('where workers only write', () => {
    const nap = 'clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=30468, tv_nsec=724077053}, NULL) = 0 <0.009>';
    const lines = Array.from({ length: 53 }, (_, index) =>
      [nap, 'sendto(5<socket:[3022031]>, "stat:1|c", 8, 0, NULL, 0) = 8 <0.000165>'].map(
        (call, at) => `4773  ${(1_795_197_672 + (index * 2 + at) / 100).toFixed(6)} ${call}`,
      ),
    ).flat();
    const cost = 'strace: drover: event=cost ts=1795197674.000000 for=2439888415 tracer=60000000 drover=159214000';
    const notesOn = async (more: readonly string[]): Promise<string> => {
      const { quality } = await reportOn([...lines, ...more]);
      return quality.notes.join(' ');
    };

    it('says of a capture that others made that it may be so', async () => {
      assert.match(
        await notesOn([]),
        /although 53 writes to sockets are in it: -e or grep left those calls out, or nobody made one\. Neither/,
      );
    });

    it('says nothing of -e where drover recorded all calls itself', async () => {
      assert.doesNotMatch(await notesOn([cost]), /holds no|-e/);
    });

    it('takes a read that failed for a read', async () => {
      const failed = 'recvfrom(5<socket:[3022031]>, 0x7ffc, 64, MSG_DONTWAIT, NULL, NULL) = -1 ECONNREFUSED (Refused)';
      assert.doesNotMatch(await notesOn([`4773  1795197674.000000 ${failed} <0.000009>`]), /holds no read/);
    });

    it('names calls that must have been made in a capture of its own, too', async () => {
      const rest = withoutCalls(linesOf('nginx-504/healthy'), WAITS);
      const { quality } = await reportOn([...rest, cost]);
      assert.match(quality.notes.join(' '), /holds no epoll_wait, poll or select, although .*: -e or grep left/);
    });
  });
});

describe('a capture of which lines were taken out', () => {
  testMissingLines(['endless-job/healthy'], [7, 59]);

  it('warns of what came more often than lines are missing, and is less sure', async () => {
    const lines = linesOf('asyncio-server');
    const report = await reportOn(thinned(lines, 1_000));
    assert.ok(loud(report).some((title) => title.startsWith('loop-stall')));
    assert.equal(report.verdict.severity, 'critical');
  });
});

describe('stamps of whole seconds', () => {
  for (const [what, stamp] of FORMS)
    it(`${what} warn of no stall that they make themselves, and clear nobody`, async () => {
      const { verdict, quality, findings } = await reportOn(stamped(linesOf('nginx-504/healthy'), stamp));
      assert.deepEqual(
        findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title),
        [],
      );
      assert.match(verdict.text, /^Cannot tell: the times are whole seconds, which hide shorter stalls\./);
      assert.match(quality.notes.join(' '), /The times are whole seconds/);
    });

  testWholeSeconds(['servers/waitress-slow']);

  it('that are missing do not make a call stuck from which its thread comes back again and again', async () => {
    const round = (tid: number): string[] => [
      `${tid} accept4(5, NULL, NULL, SOCK_CLOEXEC) = 9`,
      `${tid} recvfrom(9, "GET /slow HTTP/1.0\\r\\n\\r\\n", 8192, 0, NULL, NULL) = 31`,
      `${tid} clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=9, tv_nsec=0}, NULL) = 0 <0.600117>`,
      `${tid} sendto(9, "HTTP/1.0 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19`,
      `${tid} close(9) = 0`,
    ];
    const lines = [7, 8].flatMap((tid) => [...round(tid), ...round(tid), ...round(tid)]);
    const cut = [7, 8].flatMap((tid) => [
      ...round(tid).slice(0, 2),
      `${tid} clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=9, tv_nsec=0},  <unfinished ...>`,
    ]);
    assert.deepEqual(loud(await reportOn([...lines, ...cut])), []);
  });
});

describe('a capture of the calls that did not fail (-z)', () => {
  it('still names a stall between two calls', async () => {
    const { verdict, findings } = await reportOn(successful(linesOf('distracted-worker/three-workers')));
    assert.match(
      verdict.text,
      /^Cannot tell: .* The capture shows: .* and \d+ other requests had no reply for 1 s or more/,
    );
    assert.ok(findings.some(({ title }) => title.startsWith('GET /b holds 3 workers')));
  });

  testSuccessful(['servers/nginx']);
});
