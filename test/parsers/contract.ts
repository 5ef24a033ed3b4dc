import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { RawLines, TraceFormat } from '../../parsers/format.ts';
import { detectFormat, formats } from '../../parsers/registry.ts';
import { Random } from '../fuzz/random.ts';
import { asRead, examplesOf } from './format-examples.ts';
import { type PlainCall, type ReadTrace, readTrace, unaccounted } from './read-trace.ts';

const SAMPLES = fileURLToPath(new URL('../../../samples', import.meta.url));
/** What damage is made of, beside the format's own bytes. */
const MARKS = Buffer.from('"()[]{}<>\\=-+. \n\r\0\x1b0123456789?#:,/*%&;@|');
/** `ERESTART_RESTARTBLOCK`. */
const LONGEST_ERROR = 21;
/** What loops are made for, in any format. */
const PIECES = ['\x1b[', '\0', '\xff', '/*', '&lt;', '\\', '"', '(', '[', '{', '<', ' ', ', ', '= '];
const NOISE = [
  '',
  'what a program prints',
  '\x1b[2J',
  '%',
  '}{)(',
  '\xff\xfe',
  '-----',
  'Traceback (most recent call last):',
];

/** Names of all real captures. */
export const CAPTURES: readonly string[] = readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
  .filter((name) => /trace\.\w+\.gz$/.test(name))
  .sort();

/** A real capture, unpacked, and the format that recognises it. */
export interface Capture {
  readonly name: string;
  readonly bytes: Buffer;
  readonly format: TraceFormat | null;
}

export function unpacked(name: string): Capture {
  const bytes = gunzipSync(readFileSync(join(SAMPLES, name)));
  return { name, bytes, format: detectFormat(bytes.subarray(0, 65_536)) };
}

/**
 * What every format keeps, as tests: with its examples, and with pieces of these captures. A `share` of 7 tries a
 * seventh of the damage, and ends at each seventh byte.
 */
export function testContract(format: TraceFormat, captures: readonly Capture[], share: number): void {
  const some = (rounds: number): number => Math.ceil(rounds / share);
  describe(`the format ${format.id}`, () => {
    const examples = examplesOf(format);
    const lines = [...new Set(examples.flatMap(({ trace }) => trace.trimEnd().split('\n')))];
    const read = (trace: string | Buffer, chunks?: readonly number[]): ReadTrace =>
      readTrace(trace, { format, isUnpacked: true, ...(chunks === undefined ? {} : { chunks }) });

    /** All examples, and pieces of real captures that are cut anywhere. */
    const traces = (seed: number, windows: number, length: number): Buffer[] => {
      const random = new Random(seed);
      const own = captures.filter((capture) => capture.format === format);
      const pieces = Array.from({ length: own.length === 0 ? 0 : windows }, () => {
        const { bytes } = random.pick(own);
        const at = random.below(Math.max(1, bytes.length - length));
        return Buffer.from(bytes.subarray(at, at + length));
      });
      return [...examples.map(({ trace }) => Buffer.from(trace)), ...pieces];
    };

    /** What holds for any input. */
    const check = (trace: string | Buffer): ReadTrace => {
      const bytes = typeof trace === 'string' ? Buffer.from(trace, 'latin1') : trace;
      const what = (): string => JSON.stringify(bytes.toString('latin1'));
      const result = read(bytes);
      const { account, records, inFlight } = result;
      if (account.lines !== lineCount(bytes) || unaccounted(account) !== 0)
        assert.fail(`${lineCount(bytes)} lines, accounted for: ${JSON.stringify(account)} of ${what()}`);
      for (const record of [...records, ...inFlight]) {
        const { line = 1 } = record;
        if (line < 1 || line > account.lines) assert.fail(`line ${line} of ${what()}`);
        if (record.kind !== 'call') continue;
        const { start, end, startLine } = record;
        if (!(end >= start) || startLine > line) assert.fail(`${JSON.stringify(record)} of ${what()}`);
      }
      return result;
    };

    it('has examples in its README, each with what is read of it', () => {
      assert.ok(
        examples.length > 0,
        `parsers/${format.id}/README.md: no \`\`\`${format.id} block with a \`\`\`reads block`,
      );
      for (const { title, trace, reads } of examples) assert.equal(asRead(read(trace)), reads, title);
    });

    it('recognises its examples, and no other format does so more', () => {
      for (const { title, trace } of examples) {
        const head = Buffer.from(trace);
        assert.equal(detectFormat(head)?.id, format.id, title);
        const others = formats.filter((other) => other !== format).map((other) => other.sniff(head));
        assert.ok(Math.max(...others) < format.sniff(head), `${title}: ${others}`);
      }
    });

    it('reads the same of any chunks', () => {
      for (const trace of traces(3, some(31), 9_000)) {
        const whole = read(trace);
        for (const chunks of [[1], [7], [64], [4_096], [1, 5_000, 3, 77]]) assert.deepEqual(read(trace, chunks), whole);
      }
    });

    it('says where its records stand: lines in front of them move them, and nothing else', () => {
      for (const { title, trace } of examples) {
        const { records, inFlight } = read(trace);
        const moved = read(`${'\n'.repeat(11)}${trace}`);
        const later = (items: readonly object[]): object[] => items.map((item) => moveLines(item, 11));
        assert.deepEqual([moved.records, moved.inFlight], [later(records), later(inFlight)], title);
        assert.ok(
          records.every((record) => !('file' in record) || record.file === 'made-up'),
          title,
        );
      }
    });

    it('survives an end anywhere', () => {
      for (const trace of traces(11, some(7), 700)) {
        for (let end = 0; end <= trace.length; end += share) check(trace.subarray(0, end));
      }
    });

    it('survives damaged bytes', () => {
      const random = new Random(17);
      const all = traces(5, some(101), 1_500);
      for (let round = 0; round < some(1_501); round++) {
        const trace = Buffer.from(random.pick(all));
        for (let flips = random.below(20); flips >= 0; flips--)
          trace[random.below(trace.length)] = random.oneIn(2)
            ? random.below(256)
            : (MARKS[random.below(MARKS.length)] as number);
        check(trace);
      }
    });

    it('survives lines in any order, doubled or left out', () => {
      const random = new Random(23);
      const all = [Buffer.from(`${lines.join('\n')}\n`), ...traces(7, some(31), 2_000)];
      for (let round = 0; round < some(503); round++) {
        const own = random.pick(all).toString('latin1').split('\n');
        check(own.map(() => random.pick(own)).join('\n'));
      }
    });

    it('makes no call of noise between its lines, and loses none by it', () => {
      for (const { title, trace } of examples) {
        const clean = check(trace);
        for (const noise of NOISE) {
          const noisy = check(trace.replaceAll('\n', `\n${noise}\n`));
          // A call over several lines may take the noise for its own.
          if (clean.account.continued === 0)
            assert.deepEqual(
              // Behind a blank line a call that was cut is told at once as one that never came back.
              callsIn([...noisy.calls, ...noisy.inFlight]).toSorted(),
              callsIn([...clean.calls, ...clean.inFlight]).toSorted(),
              `${title}: ${noise}`,
            );
          const expected = callsIn(clean.calls);
          // Without its end, a call that a blank line or a prompt cut has no result.
          const withResult = noisy.calls.filter(({ result, line, startLine }) => result !== null || line === startLine);
          for (const call of callsIn(withResult)) assert.ok(expected.includes(call), `${title}: ${noise}: ${call}`);
        }
      }
    });

    it('takes a raw line to pieces that are the line again, whatever the line is', () => {
      const random = new Random(29);
      const damaged = Array.from({ length: some(997) }, () => {
        const line = [...random.pick(lines)];
        for (let flips = random.below(9); flips > 0; flips--)
          line[random.below(line.length)] = String.fromCharCode(MARKS[random.below(MARKS.length)] as number);
        return line.join('');
      });
      for (const line of ['', ...lines, ...damaged]) {
        const { owner, time, body, results } = format.lines.parts(line);
        assert.equal(owner + time + body + (results[0] ?? ''), line);
        assert.notEqual(results.length, 1, line);
        // The first is the end of the line as it is. An error by its name may be longer than the number there (`= -2`).
        const [whole = '', ...forms] = results;
        assert.ok(
          forms.every((form, index) => form.length <= (forms[index - 1]?.length ?? whole.length + LONGEST_ERROR)),
          line,
        );
        assert.ok(Number.isFinite(format.lines.stamp(line)?.seconds ?? 0), line);
        assert.ok(Number.isFinite(format.lines.openCall(line)?.seconds ?? 0), line);
      }
    });

    it('keeps the result of a call in all forms of a line for little room', () => {
      for (const { title, trace } of examples) {
        const raw = trace.split('\n');
        for (const { line, result, error } of read(trace).calls) {
          const whole = raw[line - 1] ?? '';
          // The first form is the end of the line as it is: a tracer may write errors in its own way there.
          const [, ...forms] = format.lines.parts(whole).results;
          const wanted = error || String(result ?? '?');
          // Addresses are printed as such.
          const address = error === '' && result !== null ? `0x${result.toString(16)}` : wanted;
          for (const form of forms)
            assert.ok(
              form.includes(wanted) || form.includes(address),
              `${title}: parts() of "${whole}" gives "${form}", without "${wanted}"`,
            );
        }
      }
    });

    it('reads long lines in linear time, whatever they are made of', () => {
      const random = new Random(31);
      for (let round = 0; round < some(307); round++) {
        const lead = random.oneIn(4) ? '' : startOf(random, random.pick(lines));
        const piece = random.oneIn(4) ? random.pick(PIECES) : pieceOf(random, random.pick(lines));
        const line = (bytes: number): string => lead + piece.repeat(bytes / piece.length);
        // The head is of the format; the line that is measured is the last.
        const start = `${lines[0]}\n`;
        assertLinear(JSON.stringify([lead, piece]), (bytes) => {
          const trace = Buffer.from(`${start}${line(bytes)}\n`);
          return () => format.sniff(trace.subarray(0, 65_536)) + read(trace, [65_536]).account.lines;
        });
        assertLinear(`raw ${JSON.stringify([lead, piece])}`, (bytes) => {
          const text = line(bytes);
          return () => lookAt(format.lines, text);
        });
      }
    });
  });
}

function lookAt(lines: RawLines, text: string): void {
  lines.parts(text);
  lines.stamp(text);
  lines.openCall(text);
}

function lineCount(bytes: Buffer): number {
  let lines = bytes.length > 0 && bytes.at(-1) !== 0x0a ? 1 : 0;
  for (const byte of bytes) if (byte === 0x0a) lines++;
  return lines;
}

function callsIn(calls: readonly PlainCall[]): string[] {
  return calls.map(({ tid, name, result, error }) => `${tid} ${name} ${result} ${error}`).sort();
}

/** The record of a file with so many more lines in front. */
function moveLines(item: object, by: number): object {
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => {
      const isLine = /^(?:line|startLine|previousLine)$/.test(name) && value > 0;
      return [name, isLine ? value + by : value];
    }),
  );
}

/** The beginning of a line, up to the end of a word or a mark. */
function startOf(random: Random, line: string): string {
  const words = line.match(/\w+|\W/g) ?? [''];
  return words.slice(0, random.below(words.length + 1)).join('');
}

/** One to four words or marks that stand side by side in a line. */
function pieceOf(random: Random, line: string): string {
  const words = line.match(/\w+|\W/g) ?? ['a'];
  const from = random.below(words.length);
  return words.slice(from, from + 1 + random.below(4)).join('');
}

const SHORT = 2_048;
const TIMES = 16;
/** A processor's milliseconds: less is no matter, whatever the shape. */
const FREE_MS = 40;

/**
 * Sixteen times the bytes may take sixteen times as long, and three times that for what else the machine does; a loop
 * in a loop takes 256 times as long.
 */
function assertLinear(what: string, prepare: (bytes: number) => () => unknown): void {
  const long = prepare(SHORT * TIMES);
  let took = millisecondsOf(long);
  if (took <= FREE_MS) return;
  const short = millisecondsOf(prepare(SHORT));
  for (let again = 0; again < 3 && took > FREE_MS + short * TIMES * 3; again++)
    took = Math.min(took, millisecondsOf(long));
  assert.ok(
    took <= FREE_MS + short * TIMES * 3,
    `${what}: ${short} ms for ${SHORT} bytes, ${took} ms for ${TIMES} times`,
  );
}

function millisecondsOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
