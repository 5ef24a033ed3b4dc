import { classOf, variableOf } from './skeleton.ts';

/** The files of a new format by path, from the root of the repository. Their comments say what to do. */
export function formatFiles(name: string): Readonly<Record<string, string>> {
  const folder = `parsers/${name}`;
  return {
    [`${folder}/format.ts`]: format(name),
    [`${folder}/parser.ts`]: parser(name),
    [`${folder}/README.md`]: page(name),
  };
}

function format(name: string): string {
  const imported = [`${classOf(name)}Parser`, 'isOwnLine'].sort((a, b) => a.localeCompare(b, 'en'));
  return `import type { TraceFormat } from '../format.ts';
import { plainLines, splitResult } from '../text/call-notation.ts';
import { ${imported.join(', ')} } from './parser.ts';

/** TODO: what prints it, and with which options. */
export const ${variableOf(name)}Format: TraceFormat = {
  id: '${name}',
  // What users call it.
  title: '${name}',
  sniff,
  createParser: (_head, options) => new ${classOf(name)}Parser(options),
  lines: {
    ...plainLines,
    // How a line is shown where there is little room: the time goes first, the result stays. Say what stands where;
    // joined, owner, time, body and the first result are the line again.
    parts(line) {
      const time = /^${name}: \\d{1,12}\\.\\d{1,9} /.exec(line)?.[0] ?? '';
      const rest = line.slice(time.length);
      const [body, results] = splitResult(rest, rest.lastIndexOf(' = '));
      return { owner: '', time, body, results };
    },
    // Also: stamp, when lines show a date or a time of day. openCall, when a call is printed before it returns.
  },
  // True for tracers that stop a thread at every call, as strace does: what they record takes longer.
  stopsThreads: false,
  isThreadable: false,
};

const LOOKED_AT = 200;

/** The share of the first lines that only ${name} prints; near 0 for all other formats, and for anything else. */
function sniff(head: Buffer): number {
  const lines = head
    .toString('latin1')
    .split('\\n', LOOKED_AT)
    // Sniffing is for heads of any kind: look at no more of a line than tells.
    .map((line) => line.slice(0, 400))
    .filter((line) => line.trim() !== '');
  return lines.length === 0 ? 0 : lines.filter(isOwnLine).length / lines.length;
}
`;
}

function parser(name: string): string {
  return `import type { Call } from '../../src/trace/record.ts';
import { knownSyscall } from '../../src/trace/syscall-numbers.ts';
import { SECOND } from '../../src/trace/time.ts';
import type { ParserOptions } from '../format.ts';
import type { Where } from '../text/line-parser.ts';
import { factsOfWords, pendingFacts } from '../timeline/call-in-words.ts';
import { CallLineParser } from '../timeline/call-line-parser.ts';
import { OpenCalls } from '../timeline/open-calls.ts';

// Made-up lines, of which the README says what they mean: put those of the tracer in their place. Bound every
// repetition ({1,12}, not +) that another one follows: a damaged line of a megabyte must take no longer than its
// length.
const LINE = /^${name}: (\\d{1,12}\\.\\d{1,9}) (\\d{1,10}) (.*)$/s;
// A call in two lines, or whole in one; what is no call. Take out what the tracer does not print.
const ENTERED = /^> ([a-z_][a-z0-9_]{0,40})\\((.*)\\)$/s;
const LEFT = /^< ([a-z_][a-z0-9_]{0,40}) = (-?\\d{1,20})(?: (E[A-Z0-9]{1,30}))?$/;
const WHOLE =
  /^([a-z_][a-z0-9_]{0,40})\\((.*)\\) = (-?\\d{1,20})(?: (E[A-Z0-9]{1,30}))? took (\\d{1,12}\\.\\d{1,9})$/s;
const SIGNAL = /^signal (SIG[A-Z0-9]{1,12})$/;
const ENDED = /^exit (\\d{1,3})$/;
const MESSAGE = /^# /;
const LONGEST_LINE = 16_384;
const MOST_TID = 0x7fffffff;

/** The first half of a call. */
interface Half {
  readonly name: string;
  readonly words: string;
  readonly start: number;
  readonly where: Where;
}

/** Whether the line is one that only ${name} prints. */
export function isOwnLine(line: string): boolean {
  return LINE.test(line);
}

/**
 * Reads the text of ${name}: the README of this folder is the grammar. What is the same for all
 * formats stands in the classes above this one. Lines of several processors that are out of order:
 * \`../timeline/ordering.ts\`.
 */
export class ${classOf(name)}Parser extends CallLineParser {
  // A call whose end never comes is told of: no call is lost silently.
  readonly #open = new OpenCalls<Half>(({ where }) => this.accounting.note('lost-half', where.line, where.text));

  constructor(options: ParserOptions) {
    super(options, LONGEST_LINE);
  }

  /** The calls that threads are in. */
  *inFlight(): Iterable<Call> {
    for (const [tid, { where, ...call }] of this.#open) {
      const facts = pendingFacts(call);
      if (facts !== null) yield this.callOf(tid, facts, where);
    }
  }

  /** Counts each line under exactly one shape of \`account\`. Odd lines are noted under a code as well. */
  protected override readLine(line: string, isLast: boolean): void {
    const { account } = this;
    const text = line.trimEnd();
    const [, stamp, thread, body = ''] = LINE.exec(text) ?? [];
    if (text === '') account.blank++;
    else if (stamp === undefined) {
      // Not the tracer's: output of the program, comments; or a line that the end of the file cuts.
      account.foreign++;
      this.accounting.note(isLast ? 'cut-line' : 'foreign-line', this.line, text);
    } else if (!this.#readBody(Number(thread), stamp, body, text)) {
      // The tracer's, and it cannot be. Other codes need a meaning in src/analysis/diagnostics.ts.
      account.unparsed++;
      this.accounting.note('unparsed-line', this.line, text);
    }
  }

  /** False when something in the line cannot be. */
  #readBody(tid: number, stamp: string, body: string, text: string): boolean {
    // When it happened, in nanoseconds since the first event; NaN for a stamp that cannot be. Where a line shows when
    // its call returned, take off first how long it took. A clock with a date or a time of day instead of seconds since
    // boot: \`../timeline/stamp-clock.ts\`; parsers/README.md says when it steps back.
    const at = this.axis.at(Math.round(Number(stamp) * SECOND));
    if (Number.isNaN(at) || tid > MOST_TID) return false;
    // What the lines tell, so that the report says what the capture lacks.
    this.flags.timestamps = 'monotonic';
    this.flags.pids = true;
    const entered = ENTERED.exec(body);
    if (entered !== null) return this.#enter(tid, entered, at, text);
    const left = LEFT.exec(body);
    if (left !== null) return this.#leave(tid, left, at, text);
    const whole = WHOLE.exec(body);
    if (whole !== null) return this.#whole(tid, whole, at, text);
    const signal = SIGNAL.exec(body)?.[1];
    const ended = ENDED.exec(body);
    if (signal !== undefined) {
      this.account.signals++;
      this.tell({ kind: 'signal', lane: this.lanes.get(tid), time: at, signal, info: '', ...this.where(text) });
    } else if (ended !== null) this.#end(tid, Number(ended[1]), at, text);
    else if (MESSAGE.test(body)) this.account.notices++;
    else return false;
    return true;
  }

  #end(tid: number, status: number, time: number, text: string): void {
    this.account.exits++;
    this.tell({
      kind: 'exit',
      lane: this.lanes.get(tid),
      time,
      status,
      signal: '',
      coreDumped: false,
      supersededBy: 0,
      ...this.where(text),
    });
    // Its number may be used again, by another thread.
    this.lanes.end(tid);
    this.#open.end(tid);
  }

  #enter(tid: number, [, name = '', words = '']: readonly string[], at: number, text: string): boolean {
    // Calls have the names of Linux. An event that is no call, such as a switch of the scheduler, counts under
    // \`notices\`, and so does a call of another system that Linux does not have: parsers/README.md.
    if (knownSyscall(name) === '') return false;
    this.account.unfinished++;
    this.flags.split = true;
    // \`words\`: arguments in strace's words and order, \`5, NULL, NULL, SOCK_CLOEXEC\`, a blank behind each comma.
    // parsers/README.md says which count.
    this.#open.enter(tid, { name, words, start: at, where: this.where(text) });
    return true;
  }

  #leave(tid: number, [, name = '', result = '', error = '']: readonly string[], at: number, text: string): boolean {
    const half = this.#open.leave(tid, name);
    const facts = factsOfWords({
      name,
      words: half?.words ?? '',
      start: half?.start ?? at,
      end: Math.max(at, half?.start ?? at),
      isTimed: half !== null,
      result,
      error,
    });
    if (facts === null) return false;
    this.account.resumed++;
    if (half === null) this.accounting.note('orphan-resume', this.line, text);
    else this.flags.durations = true;
    // With the name of the thread as the last word, if the line has it.
    this.tellCall(tid, facts, this.where(text), '', half?.where ?? null);
    return true;
  }

  #whole(
    tid: number,
    [, name = '', words = '', result = '', error = '', took = '']: readonly string[],
    start: number,
    text: string,
  ): boolean {
    const end = start + Math.round(Number(took) * SECOND);
    const facts = factsOfWords({ name, words, start, end, isTimed: true, result, error });
    if (facts === null) return false;
    this.account.calls++;
    this.flags.durations = true;
    this.#open.pass(tid);
    this.tellCall(tid, facts, this.where(text), '');
    return true;
  }
}
`;
}

function page(name: string): string {
  return `# ${name}

TODO: what prints it, with which options and versions, and where its source or manual says so.

TODO: every shape of line, each in an example: a block \`${name}\` with lines, and behind it a block \`reads\` with what
they say. A test reads them. Where they differ it prints what was read: check that against the lines by hand.

\`\`\`${name}
${name}: 1000.000017 4711 > accept4(3, NULL, NULL, 0)
${name}: 1000.000117 4713 > epoll_wait(4, [], 64, -1)
${name}: 1000.000217 4711 < accept4 = 5
${name}: 1000.000317 4711 > accept4(3, NULL, NULL, 0)
${name}: 1000.000417 4711 < accept4 = -1 EAGAIN
${name}: 1000.000517 4715 < close = 0
${name}: 1000.000617 4715 exit 0
${name}: 1000.000717 4711 > accept4(3, NULL, NULL, 0)
${name}: 1000.000817 4711 > close(5)
${name}: 1000.000917 4711 < close = 0
${name}: 1000.001017 4711 read(6, NULL, 8) = -1 EAGAIN took 0.000002
${name}: 1000.001117 4711 signal SIGTERM
${name}: 1000.001217 4711 # 7 events lie in the buffer
\`\`\`

\`\`\`reads
call accept4 tid=4711 fd=3 result=5 at=0 took=0.0002 lines=1,3
call accept4 tid=4711 fd=3 result=-1 error=EAGAIN at=0.0003 took=0.0001 lines=4,5
call close tid=4715 result=0 at=0.0005 partial line=6
exit line=7 tid=4715 at=0.0006
call close tid=4711 fd=5 result=0 at=0.0008 took=0.0001 lines=9,10
call read tid=4711 fd=6 result=-1 error=EAGAIN at=0.001 took=0.000002 line=11
signal signal=SIGTERM line=12 tid=4711 at=0.0011
in flight epoll_wait tid=4713 fd=4 at=0.0001 line=2
lines 13: calls=1 unfinished=5 resumed=4 signals=1 exits=1 notices=1
noted orphan-resume=1 lost-half=1
\`\`\`

* Times are seconds since the system was started; there is no date.
* \`>\` is the entry of a call, \`<\` what it returned: the two are joined by thread and name. An exit
  without its entry is a call that is partial. An entry whose exit does not come before the next line of its thread is a
  \`lost-half\`. A line with \`took\` is a whole call, and its time is that of the entry.
* TODO: what the lines do not say: processes of threads, names, addresses, contents.
`;
}
