import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed } from '../support/analyzed.ts';
import { samples } from '../support/truth.ts';

/** The lines of a sample. */
function linesOf(name: string): string[] {
  const sample = samples().find((each) => each.name === name);
  assert.ok(sample !== undefined, `no sample ${name}`);
  return gunzipSync(readFileSync(sample.trace)).toString('latin1').trimEnd().split('\n');
}

const NAME = /^(?:\d+ +)?[\d:.]+ (?:<\.\.\. (\w+) resumed|(\w+)\()/;

/** What `strace -e trace=` leaves of the lines: those of calls whose names match, and signals and ends. */
function onlyCalls(lines: readonly string[], names: RegExp): string[] {
  return lines.filter((line) => {
    const name = NAME.exec(line);
    return name === null || names.test(name[1] ?? name[2] ?? '');
  });
}

function withoutCalls(lines: readonly string[], names: RegExp): string[] {
  return onlyCalls(lines, new RegExp(`^(?!(?:${names.source})$)`));
}

/** Every so many lines one is taken out. */
function thinned(lines: readonly string[], step: number, first = 7): string[] {
  return lines.filter((_, index) => index % step !== first);
}

async function reportOn(lines: readonly string[]): Promise<Report> {
  return analyzed(`${lines.join('\n')}\n`);
}

const loud = ({ findings }: Report): string[] =>
  findings.filter(({ severity }) => severity !== 'info').map(({ kind, title }) => `${kind}: ${title}`);

const NETWORK =
  /^(?:socket|bind|connect|listen|accept4?|getsockname|getpeername|send\w*|recv\w*|[sg]etsockopt|shutdown)$/;
const WAITS = /(?:epoll_p?wait2?|p?poll|p?select6?)/;
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

  it('is told of no filter where all calls are there', async () => {
    for (const name of ['nginx-504/healthy', 'nginx-504', 'asyncio-server/healthy']) {
      const { quality } = await reportOn(linesOf(name));
      assert.doesNotMatch(quality.notes.join(' '), /holds no|Lines are missing/, name);
    }
  });
});

describe('a capture of which lines were taken out', () => {
  for (const name of ['asyncio-server/healthy', 'heartbeat-late/healthy', 'endless-job/healthy'])
    it(`of ${name} warns of no stall that a missing line explains`, async () => {
      const lines = linesOf(name);
      const whole = loud(await reportOn(lines));
      for (const first of [7, 31, 59, 83]) {
        const report = await reportOn(thinned(lines, 100, first));
        assert.deepEqual(
          loud(report).filter((title) => !whole.includes(title) && title.startsWith('loop-stall')),
          [],
        );
        assert.match(report.quality.notes.join(' '), /^Lines are missing: at least \d+/);
        assert.notEqual(report.quality.grade, 'good');
        assert.ok(
          report.verdict.confidence !== 'likely',
          `nothing is sure of what is not whole: ${report.verdict.text}`,
        );
      }
    });

  it('warns of what came more often than lines are missing, and is less sure', async () => {
    const lines = linesOf('asyncio-server');
    const report = await reportOn(thinned(lines, 1_000));
    assert.ok(loud(report).some((title) => title.startsWith('loop-stall')));
    assert.equal(report.verdict.severity, 'critical');
  });
});

describe('stamps of whole seconds', () => {
  const stamped = (lines: readonly string[], stamp: (seconds: number) => string): string[] =>
    lines.map((line) => line.replace(/^(\d+ +)(\d+)\.\d+ /, (_, pid, seconds) => `${pid}${stamp(Number(seconds))} `));
  const forms: readonly (readonly [string, (seconds: number) => string])[] = [
    ['since 1970', String],
    ['of a clock', (seconds) => new Date(seconds * 1_000).toISOString().slice(11, 19)],
  ];
  for (const [what, stamp] of forms)
    it(`${what} warn of no stall that they make themselves, and clear nobody`, async () => {
      const { verdict, quality, findings } = await reportOn(stamped(linesOf('nginx-504/healthy'), stamp));
      assert.deepEqual(
        findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title),
        [],
      );
      assert.match(verdict.text, /^Cannot tell: the times are whole seconds, which hide shorter stalls\./);
      assert.match(quality.notes.join(' '), /The times are whole seconds/);
    });
});
