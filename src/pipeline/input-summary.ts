import type { DiagnosticCount, LineAccount, TraceFormat } from '../../parsers/format.ts';
import type { InputFacts } from '../analysis/parts.ts';
import type { Source } from '../analysis/report.ts';
import type { InputSet, TraceInput } from '../sources/trace-input.ts';
import type { Call } from '../trace/record.ts';
import { TOOL_VERSION } from '../version.ts';
import { MergedClock } from './merged-clock.ts';
import type { OpenedInput, OpenParser } from './opened-input.ts';
import type { PeekedInput } from './peeked-input.ts';

const SAMPLES_KEPT = 5;
/** Parsers count lost events under this code. */
const LOST_EVENTS = 'lost-events';

/** What is kept of an input, also when it is long closed. */
interface Entry {
  readonly input: TraceInput;
  readonly format: TraceFormat;
  /**
   * Replaced by its findings once it is sure that nothing is in flight: a parser holds buffers, and there may be
   * thousands.
   */
  parser: Omit<OpenParser, 'next'>;
}

/** Sums up what all inputs of an analysis turned out to be. */
export class InputSummary {
  /** The clock of all inputs that are read side by side. */
  readonly clock = new MergedClock();
  readonly #set: InputSet;
  readonly #entries = new Map<TraceInput, Entry>();
  readonly #diagnostics = new Map<string, DiagnosticCount>();

  constructor(set: InputSet) {
    this.#set = set;
  }

  open({ input, format, parser }: OpenedInput): void {
    this.#entries.set(input, { input, format, parser });
  }

  close({ input, parser }: OpenedInput): void {
    const entry = this.#entries.get(input);
    const { flags, account, diagnostics } = parser;
    if (entry !== undefined && nothingIn(parser.inFlight()))
      entry.parser = { flags, account, diagnostics, inFlight: () => [] };
  }

  /** Counts what was done to the lines of a file before they are read. */
  prepared({ input, told }: PeekedInput): void {
    for (const code of told) this.diagnose(code, input.name, input.name);
  }

  /** Counts something about a whole file that no parser can know. */
  diagnose(code: string, file: string, text: string): void {
    addTo(this.#diagnostics, { code, count: 1, samples: [{ file, line: 1, text }] });
  }

  get lines(): number {
    return this.#sum('lines');
  }

  get bytesRead(): number {
    return this.#set.inputs.reduce((sum, input) => sum + input.bytesRead, 0);
  }

  /** Null as soon as one input is a pipe. */
  get sizeBytes(): number | null {
    return this.#set.inputs.reduce<number | null>(
      (sum, input) => (sum === null || input.sizeBytes === null ? null : sum + input.sizeBytes),
      0,
    );
  }

  facts(): InputFacts {
    const diagnostics = this.#allDiagnostics();
    return {
      source: this.#source(),
      stopsThreads: [...this.#entries.values()].some(({ format }) => format.stopsThreads),
      splitsCalls: [...this.#entries.values()].some(({ parser }) => parser.flags.split),
      toolVersion: TOOL_VERSION,
      lines: this.lines,
      unparsedLines: this.#sum('unparsed'),
      lostEvents: diagnostics.get(LOST_EVENTS)?.count ?? 0,
      diagnostics,
      inFlight: this.#inFlight(),
    };
  }

  #sum(field: keyof LineAccount): number {
    let sum = 0;
    for (const { parser } of this.#entries.values()) sum += parser.account[field];
    return sum;
  }

  #allDiagnostics(): Map<string, DiagnosticCount> {
    const all = new Map<string, DiagnosticCount>();
    for (const count of this.#diagnostics.values()) addTo(all, count);
    for (const { parser, input } of this.#entries.values()) {
      for (const count of parser.diagnostics.values()) addTo(all, count);
      for (const { code, text } of input.diagnostics)
        addTo(all, { code, count: 1, samples: [{ file: input.name, line: parser.account.lines, text }] });
    }
    return all;
  }

  #source(): Source {
    const entries = [...this.#entries.values()];
    const flags = entries.map((entry) => entry.parser.flags);
    return {
      kind: this.#set.kind,
      paths: this.#set.paths,
      format: [...new Set(entries.map((entry) => entry.format.id))].join('+'),
      flags: {
        timestamps: flags.find((flag) => flag.timestamps !== 'none')?.timestamps ?? 'none',
        durations: flags.some((flag) => flag.durations),
        pids: flags.some((flag) => flag.pids),
        fdDecoration:
          flags.find((flag) => flag.fdDecoration === 'address')?.fdDecoration ??
          flags.find((flag) => flag.fdDecoration !== 'none')?.fdDecoration ??
          'none',
        stacks: flags.some((flag) => flag.stacks),
        others: [...new Set(flags.flatMap((flag) => flag.others))],
      },
    };
  }

  *#inFlight(): Generator<Call> {
    for (const { parser } of this.#entries.values())
      for (const call of parser.inFlight()) {
        this.clock.correctOnce(call);
        yield call;
      }
  }
}

function addTo(all: Map<string, DiagnosticCount>, { code, count, samples }: DiagnosticCount): void {
  const sum = all.get(code);
  if (sum === undefined) {
    all.set(code, { code, count, samples: samples.slice(0, SAMPLES_KEPT) });
    return;
  }
  sum.count += count;
  sum.samples.push(...samples.slice(0, SAMPLES_KEPT - sum.samples.length));
}

function nothingIn(calls: Iterable<Call>): boolean {
  for (const _ of calls) return false;
  return true;
}
