import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallLineReader } from '../../parsers/bpftrace/call-line.ts';
import { LineReader } from '../../parsers/bpftrace/line-reader.ts';
import type { Waiting } from '../../parsers/bpftrace/waiting.ts';
import { TimeAxis } from '../../parsers/timeline/time-axis.ts';
import type { Machine } from '../../src/trace/syscall-numbers.ts';
import { decodeUtf8 } from '../../src/trace/utf8.ts';
import { Random } from '../fuzz/random.ts';
import { bpftraceSamples } from './captures-of-bpftrace.ts';

const FILE = 'capture';
const FIRST_STAMP = 1_404_330_235_524;

function axis(): TimeAxis {
  const made = new TimeAxis({ kind: 'none', seconds: null, nanoseconds: 0 });
  made.at(FIRST_STAMP);
  return made;
}

/** What the line says, read from its bytes; null when that is left to the careful reader. */
function quickly(line: string, machine: Machine = 'x86-64'): Waiting | null {
  const bytes = Buffer.from(`before\n${line}\nbehind`, 'latin1');
  return new CallLineReader(FILE, axis()).read(bytes, 7, 7 + line.length, 41, machine);
}

function carefully(line: string, machine: Machine = 'x86-64'): Waiting | null {
  const reader = new LineReader(axis());
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
function same(line: string, machine?: Machine): boolean {
  const quick = quickly(line, machine);
  if (quick === null) return false;
  assert.deepEqual(told(quick), told(carefully(line, machine)), line);
  return true;
}

const PLAIN = `ts=${FIRST_STAMP + 5} dur=7 pid=16202 tid=16203 nr=288`;

describe('a call line read from its bytes', () => {
  it('says what the careful reader says, for nearly all lines of calls in samples', () => {
    let calls = 0;
    let quick = 0;
    for (const { text } of bpftraceSamples())
      for (const line of text.split('\n')) {
        const stamped = line.replace(/^ts=\d+/, `ts=${FIRST_STAMP + 1}`);
        if (carefully(stamped)?.kind === 'call') calls++;
        if (same(stamped)) quick++;
      }
    assert.ok(calls > 4_000, `${calls}`);
    assert.ok(quick / calls > 0.99, `${quick} of ${calls}`);
  });

  it('says the same of every result, number and machine', () => {
    for (const ret of [
      '0',
      '-0',
      '5',
      '-1',
      '-11',
      '-511',
      '-512',
      '-516',
      '-517',
      '-4095',
      '-4096',
      '140000000000001',
    ])
      assert.ok(same(`${PLAIN} ret=${ret} a=5,0,0,0 data=`), ret);
    for (const first of ['0', 'ffffff9c', 'ffffffffffffff9c', '7fffffff', '80000000', '100000005', 'deadbeefdeadbeef'])
      assert.ok(same(`${PLAIN} ret=0 a=${first} data=\\x02\\x00`), first);
    for (const machine of ['x86-64', 'arm64'] as const)
      for (let number = 0; number < 460; number++)
        same(`ts=${FIRST_STAMP} dur=1 pid=1 tid=2 nr=${number} ret=3 a=5,1,2,3 data=GET /`, machine);
    assert.ok(same(`${PLAIN} ret=1 a=5,0,0,0 sched=0,12,3000000,4,1 data=`));
  });

  for (const [what, line] of Object.entries({
    'has another key': `${PLAIN} ret=0 a=5 comm=x data=`,
    'has no bytes': `${PLAIN} ret=0 a=5`,
    'has a name for the call': `ts=1 dur=7 pid=1 tid=2 call=read ret=0 a=5 data=`,
    'has a number that a double does not hold': `${PLAIN} ret=1234567890123456 a=5 data=`,
    'has seven arguments': `${PLAIN} ret=0 a=1,2,3,4,5,6,7 data=`,
    'has an argument of 17 digits': `${PLAIN} ret=0 a=12345678901234567 data=`,
    'has four numbers of the scheduler': `${PLAIN} ret=0 a=5 sched=1,2,3,4 data=`,
    'is not ASCII': `${PLAIN} ret=0 a=5 data=caf\xc3\xa9`,
    'ends with a carriage return': `${PLAIN} ret=0 a=5 data=x\r`,
    'has a loss behind it': `${PLAIN} ret=0 a=5 data=xLost 17 events`,
    'is far from the others': `ts=${FIRST_STAMP * 1e4} dur=7 pid=1 tid=2 nr=0 ret=0 a=5 data=`,
    'lasts longer than any capture': `ts=${FIRST_STAMP} dur=9999999999999999 pid=1 tid=2 nr=0 ret=0 a=5 data=`,
    'has a thread that cannot be': `ts=${FIRST_STAMP} dur=7 pid=1 tid=4294967296 nr=0 ret=0 a=5 data=`,
    'is longer than what is quoted': `${PLAIN} ret=0 a=5 data=${'x'.repeat(1_000)}`,
  }))
    it(`is left to the careful reader when it ${what}`, () => assert.equal(quickly(line), null));

  it('says the same when it is damaged, or leaves the line alone', () => {
    const random = new Random(47);
    const lines = bpftraceSamples().flatMap(({ text }) => text.split('\n').slice(0, 400));
    const bytes = ' =,-0123456789abcdefx\\\r\x7f\xe9tsdurpinaehc'.split('');
    let quick = 0;
    for (let round = 0; round < 20_000; round++) {
      let line = random.pick(lines).replace(/^ts=\d+/, `ts=${FIRST_STAMP}`);
      for (let blow = 0; blow <= random.below(3); blow++) {
        const at = random.below(Math.min(line.length, 120) + 1);
        line = `${line.slice(0, at)}${random.oneIn(3) ? '' : random.pick(bytes)}${line.slice(at + random.below(3))}`;
      }
      if (same(line)) quick++;
    }
    assert.ok(quick > 2_000, `${quick}`);
  });
});
