import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/index.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { memoryInput } from '../support/memory-input.ts';

const TICK = 97;

/** What one of the workers does: it is silent for so many ms from its tick of 3 s on, by the stamps of its file. */
interface Silence {
  readonly ms: number;
  /** When its first wait begins. */
  readonly offset?: number;
}

/** The file of a worker that takes a connection with each tenth of its ticks. */
function file(tid: number, { ms, offset = tid % 10 }: Silence): string {
  const lines: string[] = [];
  let now = offset;
  let away = false;
  const add = (call: string, took: number): void => {
    lines.push(`${(1_795_140_800 + now / 1000).toFixed(6)} ${call} <${(took / 1000).toFixed(6)}>`);
    now += took + 0.1;
  };
  for (let tick = 0; tick < 70; tick++) {
    const takes = tick % 10 === tid % 10;
    add(
      `epoll_wait(7<anon_inode:[eventpoll]>, ${takes ? '[{events=EPOLLIN, data={u32=5, u64=5}}], 64, 97) = 1' : `[], 64, ${TICK}) = 0`}`,
      TICK,
    );
    if (now >= 3000 && !away) {
      away = true;
      now += ms;
    }
    if (!takes) continue;
    const socket = `11<socket:[${tid}${tick}]>`;
    add(`accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = ${socket}`, 0.1);
    add(`recvfrom(${socket}, "GET / HTTP/1.1\\r\\n\\r\\n", 8192, 0, NULL, NULL) = 18`, 0.1);
    add(`sendto(${socket}, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19`, 0.1);
    add(`close(${socket}) = 0`, 0.1);
  }
  return `${lines.join('\n')}\n`;
}

function report(silences: readonly Silence[]): Promise<Report> {
  const inputs = silences.map((silence, index) =>
    memoryInput(`t.${101 + index}`, file(101 + index, silence), { tid: 101 + index }),
  );
  return analyzeInputs({ kind: 'file', paths: inputs.map(({ name }) => name), inputs, leftOut: [], notices: [] }, {});
}

const stallsIn = ({ findings }: Report): (readonly unknown[])[] =>
  findings
    .filter(({ kind }) => kind === 'loop-stall' || kind === 'service-stall')
    .map(({ kind, severity }) => [kind, severity]);
const tellsLeap = ({ quality }: Report): boolean => quality.diagnostics.some(({ code }) => code === 'clock-leap');

describe('files that were written side by side, each of which is silent for a while', () => {
  it('were written by a clock that was set forward where the silences are equal, wherever each begins', async () => {
    const leapt = await report([{ ms: 30_000 }, { ms: 30_000.3, offset: 40 }]);
    assert.deepEqual([stallsIn(leapt), tellsLeap(leapt)], [[], true]);
    assert.ok((leapt.window.durationMs ?? 0) < 7500, `${leapt.window.durationMs}`);
    const others = await report([{ ms: 2000 }, { ms: 2001.9 }, { ms: 2300 }]);
    assert.equal(tellsLeap(others), true);
    assert.match(others.findings.map(({ title }) => title).join(), /Worker 103 stalled 300 ms/);
    assert.doesNotMatch(others.findings.map(({ title }) => title).join(), /\d s\b/);
  });

  it('stood still where they are not', async () => {
    const computed = await report([{ ms: 30_000 }, { ms: 30_100 }]);
    assert.equal(tellsLeap(computed), false);
    assert.ok(stallsIn(computed).some(([kind, severity]) => kind === 'service-stall' && severity === 'critical'));
    const nearly = await report([{ ms: 2000 }, { ms: 2002.5 }]);
    assert.deepEqual([tellsLeap(nearly), stallsIn(nearly).length > 0], [false, true]);
  });

  it('and so where one of them goes on meanwhile, or the silence is shorter than a second', async () => {
    for (const silences of [
      [{ ms: 30_000 }, { ms: 30_000.3 }, { ms: 0 }],
      [{ ms: 30_000 }, { ms: 0 }],
      [{ ms: 900 }, { ms: 900.3 }],
    ]) {
      const told = await report(silences);
      assert.deepEqual([tellsLeap(told), stallsIn(told).length > 0], [false, true], JSON.stringify(silences));
    }
  });

  it('are moved whatever tool wrote them', async () => {
    const line = (ms: number): string =>
      `ts=${5_000_000_000 + ms * 1_000_000} dur=1000 pid=7 tid=7 nr=0 ret=1 a=5,0,0,0 data=x\n`;
    const inputs = [0, 0.3].map((late, index) =>
      memoryInput(`t.${101 + index}`, [0, 100, 200, 30_200 + late, 30_300 + late].map(line).join(''), {
        tid: 101 + index,
      }),
    );
    const told = await analyzeInputs(
      { kind: 'file', paths: inputs.map(({ name }) => name), inputs, leftOut: [], notices: [] },
      {},
    );
    assert.equal(tellsLeap(told), true);
    assert.ok((told.window.durationMs ?? 0) < 500, `${told.window.durationMs}`);
  });
});
