import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bpftraceFormat } from '../../parsers/bpftrace/format.ts';
import { BatchReader } from '../../parsers/columns/batch-reader.ts';
import { BatchWriter } from '../../parsers/columns/batch-writer.ts';
import type { TraceFormat } from '../../parsers/format.ts';
import { LaneTable } from '../../parsers/lanes.ts';
import { perfTraceFormat } from '../../parsers/perf-trace/format.ts';
import { straceFormat } from '../../parsers/strace/format.ts';
import { NO_ARGUMENTS } from '../../src/trace/call-arguments.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { createTimeOrigin } from '../../src/trace/time.ts';
import { printed, START } from '../support/printed-lines.ts';
import { type Ask, askCutLines, everything, parsed, QUESTIONS, ROWS } from './call-questions.ts';
import { same, WHOLE } from './read-with-assembly.ts';

/** What the only call of the text answers. */
function answer(format: TraceFormat, text: string, ask: Ask): unknown {
  const answers: unknown[] = [];
  parsed(format, text, (told) => answers.push(ask(told)));
  assert.equal(answers.length, 1, text);
  return answers[0];
}

/** The same when the line is parsed in another thread. */
function answerAcross(line: string, ask: Ask): unknown {
  const chunk = Buffer.from(line);
  const lanes = new LaneTable();
  const parser = straceFormat.createParser(chunk, { file: 'made-up', lanes, origin: createTimeOrigin() });
  const writer = new BatchWriter(2, chunk.length);
  writer.begin(chunk);
  parser.push(chunk);
  for (let record = parser.next(); record !== null; record = parser.next()) writer.add(record);
  const reader = new BatchReader('made-up');
  reader.load(writer.take(), chunk);
  const call = reader.next();
  return call?.kind === 'call' ? ask(call.arguments) : assert.fail(line);
}

for (const { title, ask, answer: expected, strace = [], perf = [], bpftrace = [] } of ROWS) {
  describe(title, () => {
    for (const line of strace) {
      it(`in strace: ${line}`, () => {
        const traced = `7 1795140800.000000 ${line} <0.000005>\n`;
        assert.deepEqual(answer(straceFormat, traced, ask), expected);
        assert.deepEqual(answerAcross(traced, ask), expected, 'parsed in another thread');
      });
    }
    for (const line of perf)
      it(`in perf trace: ${line}`, () =>
        assert.deepEqual(answer(perfTraceFormat, `     0.032 ( 0.022 ms): herd/7 ${line}\n`, ask), expected));
    for (const line of bpftrace) {
      const text = typeof line === 'string' ? line : printed({ tid: 7, at: 5, ...line });
      it(`in bpftrace: ${text.slice(0, 160)}`, () =>
        assert.deepEqual(answer(bpftraceFormat, `${START}\n${text}\n`, ask), expected));
    }
  });
}

it('the status line of a write stands in the first half of its line, where that is split', () => {
  const traced =
    '7 1795140800.000000 sendto(9<socket:[1]>, "HTTP/1.1 200 OK\\r\\n", 17, 0, NULL, 0 <unfinished ...>\n' +
    '7 1795140800.000009 <... sendto resumed>) = 17 <0.000009>\n';
  assert.equal(
    answerAcross(traced, (told) => told.head),
    'HTTP/1.1 200 OK',
  );
  const { notes } = same(Buffer.from(traced), WHOLE, 'a split write');
  assert.match(notes.join(), /HTTP\/1\.1 200 OK/);
});

it('the call before tells its arguments in every format, as long as the next one is told', () => {
  for (const [format, text] of [
    [
      straceFormat,
      '7 1795140800.000000 futex(0x7f00, FUTEX_WAIT_PRIVATE, 2, NULL) = 0\n7 1795140802.000000 close(5) = 0\n',
    ],
    [
      perfTraceFormat,
      '     0.032 ( 0.022 ms): herd/7 futex(uaddr: 0x7f00, op: WAIT|PRIVATE_FLAG, val: 2) = 0\n' +
        '  2000.032 ( 0.022 ms): herd/7 close(fd: 5) = 0\n',
    ],
    [
      bpftraceFormat,
      `${START}\n${printed({ tid: 7, at: 5, call: 'futex', args: [0x7f00, 0x80, 2, 0] })}\n${printed({ tid: 7, at: 2_000_005, call: 'close', args: [5] })}\n`,
    ],
  ] as const) {
    const before: unknown[] = [];
    const chunk = Buffer.from(text);
    const parser = format.createParser(chunk, { file: 'made-up', lanes: new LaneTable(), origin: createTimeOrigin() });
    parser.push(chunk);
    const take = (): void => {
      for (let record = parser.next(); record !== null; record = parser.next())
        if (record.kind === 'call') before.push(record.previousArguments(syscall('futex')).futex());
    };
    take();
    parser.end();
    take();
    const told = { word: '0x7f00', operation: 'WAIT', isPrivate: true, isRealtime: false, value: 2 };
    assert.deepEqual(before, [null, told], format.id);
  }
});

describe('arguments that are cut or make no sense', () => {
  it('have every question of the contract asked here', () => {
    const asked = new Set(QUESTIONS.map((ask) => /told\.(\w+)/.exec(ask.toString())?.[1]));
    const others = ['has', 'readyData', 'inetAddress', 'head', 'text', 'returnedText'];
    assert.deepEqual([...asked, ...others].sort(), Object.keys(NO_ARGUMENTS).sort());
  });

  it('answer every question, wherever the line of any call is cut or damaged', () => {
    const calls = askCutLines(29);
    assert.ok(calls > 500, `${calls} calls`);
  });

  it('tell nothing where nothing was traced', () => {
    for (const { strace = [] } of ROWS) {
      for (const line of strace) {
        const name = line.slice(0, line.indexOf('('));
        assert.deepEqual(
          answer(straceFormat, `7 1795140800.000000 ${name}() = 0 <0.000005>\n`, everything),
          { ...(everything(NO_ARGUMENTS) as object), returnedText: '0' },
          name,
        );
      }
    }
  });
});

describe('the end of a clone whose beginning, with the flags, is not in the capture', () => {
  for (const [line, isThread] of [
    ['<... clone3 resumed> => {parent_tid=[71]}, 88) = 71', true],
    ['<... clone resumed>, parent_tid=[71], tls=0x7f4cb5148640, child_tidptr=0x7f4cb5148910) = 71', true],
    ['<... clone resumed>, tls=0xc000100090) = 71', true],
    ['<... clone resumed>, child_tidptr=0x7f4cb5148910) = 71', false],
    ['<... clone resumed>, parent_tid=[9]) = 71', false],
    ['<... clone3 resumed>, 88) = 71', false],
  ] as const)
    it(`${isThread ? 'shows' : 'does not show'} a thread: ${line}`, () => {
      const told: boolean[] = [];
      parsed(straceFormat, `7 1795189522.000400 ${line}\n`, (call) => told.push(call.has('CLONE_THREAD')));
      assert.deepEqual(told, [isThread]);
    });
});
