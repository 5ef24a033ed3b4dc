import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Report } from '../../src/analysis/report.ts';
import { SCENES } from '../samples/server-truth.ts';
import { analyzed } from '../support/analyzed.ts';
import { sample } from '../support/truth.ts';

/** The lines of a sample, or of a scene of a server. */
export function linesOf(name: string): string[] {
  if (name.startsWith('servers/')) {
    const scene = join(SCENES, name.slice('servers/'.length), 'trace.strace.gz');
    return gunzipSync(readFileSync(scene)).toString('latin1').trimEnd().split('\n');
  }
  return gunzipSync(readFileSync(sample(name).trace))
    .toString('latin1')
    .trimEnd()
    .split('\n');
}

const NAME = /^(?:\d+ +)?[\d:.]+ (?:<\.\.\. (\w+) resumed|(\w+)\()/;

/** What `strace -e trace=` leaves of the lines: those of calls whose names match, and signals and ends. */
export function onlyCalls(lines: readonly string[], names: RegExp): string[] {
  return lines.filter((line) => {
    const name = NAME.exec(line);
    return name === null || names.test(name[1] ?? name[2] ?? '');
  });
}

export function withoutCalls(lines: readonly string[], names: RegExp): string[] {
  return onlyCalls(lines, new RegExp(`^(?!(?:${names.source})$)`));
}

/** Every so many lines one is taken out. */
export function thinned(lines: readonly string[], step: number, first = 7): string[] {
  return lines.filter((_, index) => index % step !== first);
}

export async function reportOn(lines: readonly string[]): Promise<Report> {
  return analyzed(`${lines.join('\n')}\n`);
}

export const loud = ({ findings }: Report): string[] =>
  findings.filter(({ severity }) => severity !== 'info').map(({ kind, title }) => `${kind}: ${title}`);

export const NETWORK =
  /^(?:socket|bind|connect|listen|accept4?|getsockname|getpeername|send\w*|recv\w*|[sg]etsockopt|shutdown)$/;
export const WAITS = /(?:epoll_p?wait2?|p?poll|p?select6?)/;

/** Lines of which the stamps are whole seconds. */
export const stamped = (lines: readonly string[], stamp: (seconds: number) => string): string[] =>
  lines.map((line) => line.replace(/^(\d+ +)(\d+)\.\d+ /, (_, pid, seconds) => `${pid}${stamp(Number(seconds))} `));
export const FORMS: readonly (readonly [string, (seconds: number) => string])[] = [
  ['since 1970', String],
  ['of a clock', (seconds) => new Date(seconds * 1_000).toISOString().slice(11, 19)],
];

/** What `strace -z` makes of the lines: signals, ends, and whole calls that did not fail, as they returned. */
export function successful(lines: readonly string[]): string[] {
  const begun = new Map<string, string>();
  const whole = lines.flatMap((line): string[] => {
    const [, pid = '', rest = ''] = /^(\d+) +[\d.]+ (.*)$/.exec(line) ?? [];
    if (line.endsWith(' <unfinished ...>')) {
      begun.set(pid, line.slice(0, -' <unfinished ...>'.length));
      return [];
    }
    const end = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    return end === undefined ? [line] : [`${begun.get(pid) ?? ''}${end}`];
  });
  const endOf = (line: string): number => {
    const [, start = '', , took = '0'] = /^\d+ +([\d.]+) (.*?)(?:<(\d+\.\d+)>)?$/.exec(line) ?? [];
    return Number(start) + Number(took);
  };
  const kept = whole.filter((line) => /^\d+ +[\d.]+ (?:\w+\(.*\) += (?!-1 )|---|\+\+\+)/.test(line));
  return kept.toSorted((a, b) => endOf(a) - endOf(b));
}

/** A test on captures of slow services whose waits are filtered out. */
export function testLateAnswers(names: readonly string[]): void {
  it('clears no service whose answers came late where the waits for them are not in it', async () => {
    for (const name of names) {
      const lines = linesOf(name);
      assert.equal((await reportOn(lines)).outcomes['slow-dependency']?.status, 'found', name);
      for (const rest of [withoutCalls(lines, WAITS), onlyCalls(lines, NETWORK)])
        assert.notEqual((await reportOn(rest)).outcomes['slow-dependency']?.status, 'clear', name);
    }
    const lookups = onlyCalls(linesOf('servers/node-dns'), NETWORK);
    assert.match(
      (await reportOn(lookups)).outcomes['blocking-dns']?.reason ?? '',
      /no poll, select or epoll_wait in the/,
    );
  });
}

/** A test on each of these healthy captures, of which every hundredth line is gone. */
export function testMissingLines(names: readonly string[], firsts: readonly number[]): void {
  for (const name of names)
    it(`of ${name} warns of no stall that a missing line explains`, async () => {
      const lines = linesOf(name);
      const whole = loud(await reportOn(lines));
      for (const first of firsts) {
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
}

/** A test on captures whose stamps are whole seconds. */
export function testWholeSeconds(names: readonly string[]): void {
  it('warn neither of busy workers nor of slow services that they make themselves', async () => {
    for (const name of names)
      for (const [, stamp] of FORMS) {
        const { outcomes, findings } = await reportOn(stamped(linesOf(name), stamp));
        assert.notEqual(outcomes['slow-dependency']?.status, 'clear', name);
        const sure = findings.filter(({ kind, severity }) => kind === 'worker-saturation' && severity !== 'info');
        assert.deepEqual(
          sure.map(({ title }) => title),
          [],
          name,
        );
      }
  });
}

/** A test on each of these captures, of which only successful calls are left. */
export function testSuccessful(names: readonly string[]): void {
  for (const name of names)
    it(`clears nobody, and raises no alarm over a wait that is not in it: ${name}`, async () => {
      const { verdict, outcomes, findings } = await reportOn(successful(linesOf(name)));
      const clear = Object.entries(outcomes).filter(([, { status }]) => status === 'clear');
      assert.deepEqual(
        clear.map(([kind]) => kind).filter((kind) => kind !== 'worker-death'),
        [],
      );
      assert.ok(findings.every(({ confidence }) => confidence === 'possible'));
      assert.equal(verdict.confidence, 'cannot-tell');
      assert.match(
        verdict.text,
        /^Cannot tell: the capture holds no call that had not returned, and perhaps failed ones only\. Record /,
      );
    });
}
