import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CallLineReader } from '../../parsers/bpftrace/call-line.ts';
import { KeyValueReader } from '../../parsers/bpftrace/line-reader.ts';
import type { Waiting } from '../../parsers/bpftrace/waiting.ts';
import { TimeAxis } from '../../parsers/timeline/time-axis.ts';
import type { Machine } from '../../src/trace/syscall-numbers.ts';
import { decodeUtf8 } from '../../src/trace/utf8.ts';
import { Random } from '../fuzz/random.ts';
import { bpftraceSamples } from './captures-of-bpftrace.ts';

const FILE = 'capture';
export const FIRST_STAMP = 1_404_330_235_524;

function axis(): TimeAxis {
  const made = new TimeAxis({ kind: 'none', seconds: null, nanoseconds: 0 });
  made.at(FIRST_STAMP);
  return made;
}

/** What the line says, read from its bytes; null when that is left to the careful reader. */
export function quickly(line: string, machine: Machine = 'x86-64'): Waiting | null {
  const bytes = Buffer.from(`before\n${line}\nbehind`, 'latin1');
  return new CallLineReader(FILE, axis()).read(bytes, 7, 7 + line.length, 41, machine);
}

function carefully(line: string, machine: Machine = 'x86-64'): Waiting | null {
  const reader = new KeyValueReader(axis());
  reader.machine = machine;
  const text = decodeUtf8(line);
  const meaning = reader.read(text, { file: FILE, line: 41, text: text.slice(0, 1_000) });
  return meaning.kind === 'waiting' ? meaning.waiting : null;
}

/** Everything that a line says of a call, whatever object says it. */
function told(waiting: Waiting | null): unknown {
  if (waiting?.kind !== 'call') return waiting?.kind ?? null;
  const { seenAt, tid, pid, where, facts, comm, scheduling } = waiting;
  const { syscall, start, end, duration, result, error, value, fd, inFlight, raw, data, eventBytes, words } = facts;
  return {
    ...{ seenAt, tid, pid, comm, scheduling, file: where.file, line: where.line, text: where.text },
    ...{ syscall: syscall.name, start, end, duration, result, error, value, fd, inFlight },
    ...{ raw: [...raw], data, eventBytes, words },
  };
}

/** Reads both ways. True when the quick way read it. */
export function same(line: string, machine?: Machine): boolean {
  const quick = quickly(line, machine);
  if (quick === null) return false;
  assert.deepEqual(told(quick), told(carefully(line, machine)), line);
  return true;
}

/** A test on one of so many lines of all samples. */
export function testSampleLines(step: number): void {
  it('says what the careful reader says, for nearly all lines of calls in samples', () => {
    let calls = 0;
    let quick = 0;
    for (const { text } of bpftraceSamples())
      for (const line of text.split('\n').filter((_, index) => index % step === 0)) {
        const stamped = line.replace(/^ts=\d+/, `ts=${FIRST_STAMP + 1}`);
        if (carefully(stamped)?.kind === 'call') calls++;
        if (same(stamped)) quick++;
      }
    assert.ok(calls > 4_000 / step, `${calls}`);
    assert.ok(quick / calls > 0.99, `${quick} of ${calls}`);
  });
}

/** A test on so many damaged lines. */
export function testDamagedLines(rounds: number): void {
  it('says the same when it is damaged, or leaves the line alone', () => {
    const random = new Random(47);
    const lines = bpftraceSamples().flatMap(({ text }) => text.split('\n').slice(0, 400));
    const bytes = ' =,-0123456789abcdefx\\\r\x7f\xe9tsdurpinaehc'.split('');
    let quick = 0;
    for (let round = 0; round < rounds; round++) {
      let line = random.pick(lines).replace(/^ts=\d+/, `ts=${FIRST_STAMP}`);
      for (let blow = 0; blow <= random.below(3); blow++) {
        const at = random.below(Math.min(line.length, 120) + 1);
        line = `${line.slice(0, at)}${random.oneIn(3) ? '' : random.pick(bytes)}${line.slice(at + random.below(3))}`;
      }
      if (same(line)) quick++;
    }
    assert.ok(quick > rounds / 10, `${quick}`);
  });
}
