import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leftOutNote, MOST_OF_A_KIND, worstOf } from '../../src/analysis/finding-limit.ts';
import { areRelated, linksOf } from '../../src/analysis/finding-links.ts';
import { inOrderOfAction } from '../../src/analysis/finding-order.ts';
import { type DraftFinding, KINDS } from '../../src/detectors/finding.ts';
import { analyzed, ofKind } from '../support/analyzed.ts';

function draft(over: Partial<DraftFinding>): DraftFinding {
  return {
    kind: 'loop-stall',
    severity: 'warning',
    sureness: 'likely',
    title: '',
    summary: '',
    why: '',
    start: 0,
    end: 0,
    openEnded: false,
    workers: [],
    metrics: {},
    evidence: [],
    next: [],
    subjects: [],
    ...over,
  };
}

/** Subjects of which each look counts. */
function counted(subjects: readonly string[], seen: () => void): readonly string[] {
  return new Proxy([...subjects], {
    get(target, name, receiver) {
      if (typeof name === 'string' && /^\d+$/.test(name)) seen();
      return Reflect.get(target, name, receiver);
    },
  });
}

/** So many workers, each of which is in one request for 300 ms. */
function stalls(workers: number): string {
  const lines: string[] = [];
  for (let index = 0; index < workers; index++) {
    const stamp = (micros: number): string => {
      const at = index * 400_000 + micros;
      return `${101 + index} ${1_795_140_800 + Math.floor(at / 1e6)}.${String(at % 1e6).padStart(6, '0')}`;
    };
    const ready = 'epoll_wait(7<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=5, u64=5}}], 64, 1000) = 1 <0.000002>';
    const fd = `11<socket:[${5_000 + index}]>`;
    lines.push(
      `${stamp(10)} ${ready}`,
      `${stamp(20)} accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = ${fd} <0.000002>`,
      `${stamp(30)} recvfrom(${fd}, "GET /a HTTP/1.1\\r\\n\\r\\n", 8192, 0, NULL, NULL) = 19 <0.000002>`,
      `${stamp(300_040 + index)} sendto(${fd}, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19 <0.000002>`,
      `${stamp(300_290)} close(${fd}) = 0 <0.000002>`,
      `${stamp(300_300)} epoll_wait(7<anon_inode:[eventpoll]>, [], 64, 10) = 0 <0.000002>`,
    );
  }
  return `${lines.join('\n')}\n`;
}

describe('findings of one kind', () => {
  it('are all in the report up to a hundred; of more the worst are, and the outcome says so', async () => {
    const few = await analyzed(stalls(MOST_OF_A_KIND));
    assert.equal(ofKind(few, 'loop-stall').length, 100);
    assert.doesNotMatch(few.outcomes['loop-stall']?.reason ?? '', /shown/);
    const many = await analyzed(stalls(137));
    const shown = ofKind(many, 'loop-stall');
    assert.equal(shown.length, 100);
    assert.match(
      many.outcomes['loop-stall']?.reason ?? '',
      /^137 workers and causes with stalls; the worst 100 of 137 findings are shown$/,
    );
    const of = await analyzed(stalls(137), {}, { pids: [101, 237] });
    assert.deepEqual(
      ofKind(of, 'loop-stall')
        .flatMap(({ workers }) => workers)
        .toSorted(),
      [101, 237],
    );
  });

  it('are the severe ones first, then those that took longest, in the order in which they came', () => {
    const long = Array.from({ length: 103 }, (_, index) => draft({ metrics: { totalMs: 1_000 - index } }));
    const severe = draft({ severity: 'critical', metrics: { totalMs: 1 } });
    const info = draft({ severity: 'info', metrics: { totalMs: 9_000 } });
    const worst = worstOf([info, ...long, severe]);
    assert.deepEqual(worst, [...long.slice(0, 99), severe]);
    assert.equal(leftOutNote(100), '');
    assert.equal(leftOutNote(10_007), '; the worst 100 of 10,007 findings are shown');
  });
});

describe('findings about very many workers', () => {
  const pids = Array.from({ length: 10_007 }, (_, index) => `pid ${101 + index}`);

  it('are compared by looking at each subject a few times', () => {
    let looks = 0;
    const about = (kind: DraftFinding['kind'], subjects: readonly string[]): DraftFinding =>
      draft({ kind, subjects: counted(subjects, () => looks++) });
    const drafts = [
      about('service-stall', pids),
      about('heartbeat-late', pids.toReversed()),
      about('broken-pipe', pids),
      about('loop-stall', pids.slice(-1)),
    ];
    const sorted = inOrderOfAction(drafts, KINDS);
    linksOf(sorted);
    assert.ok(looks < 20 * pids.length, `${looks} looks at ${pids.length} subjects of each finding`);
  });

  it('are related by one process where one explains the other, and by anything else in common', () => {
    const service = draft({ kind: 'service-stall', subjects: pids });
    const stall = (subjects: readonly string[]): DraftFinding => draft({ kind: 'loop-stall', subjects });
    assert.equal(areRelated(service, stall(['pid 101'])), true);
    assert.equal(areRelated(stall(['pid 101']), service), true);
    assert.equal(areRelated(service, stall(['pid 7'])), false);
    assert.equal(areRelated(draft({ kind: 'fd-leak', subjects: pids }), stall(['pid 101'])), false);
    assert.equal(areRelated(draft({ kind: 'fd-leak', subjects: ['pid 7', 'listener 3'] }), stall(['listener 3'])), true);
  });
});
