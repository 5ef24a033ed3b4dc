import { setTimeout as pause } from 'node:timers/promises';
import { applicationFrame, codePlace } from '../../trace/code-frame.ts';
import type { SourceDiagnostic, TraceInput } from '../trace-input.ts';
import { AttachError } from './attach-error.ts';
import { codeLines } from './code/code-lines.ts';
import type { CodeWatch } from './code/code-watch.ts';
import { CostMeter } from './cost-meter.ts';
import { describeDetachment } from './detachment.ts';
import { findFamily, hostView } from './family.ts';
import type { KernelWatch, ProcessSight, ThreadSight } from './kernel-watch.ts';
import { type Command, LIMIT_SLACK } from './launch.ts';
import { LossLog, type ToldLoss } from './loss-log.ts';
import { type ProcessFacts, readProcess } from './process-facts.ts';
import { type Checkpoint, demandHoles, Ring, raiseFileLimit } from './ring.ts';
import { costLine, type SightNotation, sightLines } from './sight-lines.ts';
import type { Spool } from './spool.ts';
import { StallWatch } from './stall-watch.ts';
import { tailInput } from './tail-input.ts';
import { type StopManner, Tracer, type TracerEnd } from './tracer.ts';

/** Why a capture ended. */
export type EndReason = 'time' | 'asked' | 'space' | 'cost' | 'stalled' | 'processes-ended' | 'tracer-died';

export interface CaptureEnd {
  readonly reason: EndReason;
  /** What there is to say about the reason, or '' for an end as planned. */
  readonly sentence: string;
  /** `Detached from 9 processes, all running.` */
  readonly detached: string;
  readonly isClean: boolean;
  readonly bytes: number;
  /** Why the capture is not under the name that was asked for, as a sentence; '' when it is. */
  readonly unkept: string;
}

/** How an engine starts and how one sees that it has begun. */
export interface Engine {
  readonly name: 'strace' | 'bpftrace';
  readonly command: Command;
  readonly environment?: Readonly<Record<string, string>>;
  /** The tracer stops what it traces: only then can a worker stall. */
  readonly stopsProcesses: boolean;
  /** It runs a program of its own, which ends with it. */
  readonly runsProgram: boolean;
  /** The capture is what it prints; strace writes its file itself. */
  readonly writesToStdout: boolean;
  /** Lines that end the capture when the tracer is gone. */
  readonly closing?: () => string;
  /** Lines that begin a capture at this moment, where what the tracer prints does not tell what was there before. */
  readonly opening?: () => string;
  /** How the capture prints what drover saw of the processes meanwhile. */
  readonly sights: SightNotation;
  /** Lines of events that the tracer lost, where it says so beside the capture. */
  readonly lost?: (losses: readonly ToldLoss[]) => string;
  /** Lines of calls that were entered and have not come back, where the capture shows them at its end only. */
  readonly open?: (processes: readonly ProcessSight[]) => string;
  readonly stop: StopManner;
  /** Looks at the processes, at what the tracer said, or at how much it wrote. */
  hasBegun(words: () => Promise<readonly string[]>, bytes: () => number): boolean | Promise<boolean>;
  /** What its last words mean when it ended before it began. */
  explain(words: readonly string[]): AttachError;
}

/** Who looks at the processes meanwhile, what is kept, and what ends it. */
interface StartOptions {
  readonly signal?: AbortSignal | undefined;
  readonly watch?: KernelWatch | null;
  readonly code?: CodeWatch | null;
  /** Only so much of the end of the capture is kept. */
  readonly ringSeconds?: number | undefined;
  /** It ends when tracing costs more of one processor over ten seconds. */
  readonly mostPercent?: number | undefined;
}

const LOOK_EVERY_MS = 200;
/** What the kernel says of the processes is asked at every so manieth look: once a second. */
const WATCH_EVERY_LOOKS = 5;
/** Workers that replaced others are found at every so manieth look. */
const FAMILY_EVERY_LOOKS = 10;
const BEGIN_LOOK_EVERY_MS = 20;
/** Less than the time that engines which start slowly give their guards. */
const BEGIN_WITHIN_MS = 14_000;
/** `timeout` says so when the time was over. */
const TIME_OVER = 124;

/** A tracer at work: what it writes can be read as a trace while it grows. */
export class LiveCapture {
  readonly engine: Engine;
  /** The processes that were there at the start; what they fork is followed as well. */
  readonly processes: readonly ProcessFacts[];
  /** The path under which the capture is found when it is whole. */
  readonly name: string;
  /** A path to the capture for this process, whatever its name is by now. */
  readonly opened: string;
  readonly input: TraceInput;
  /** Settles when the tracer is gone and the processes were looked at. */
  readonly ended: Promise<CaptureEnd>;
  readonly #spool: Spool;
  readonly #tracer: Tracer;
  readonly #diagnostics: SourceDiagnostic[] = [];
  readonly #stalls = new StallWatch();
  readonly #losses: LossLog;
  readonly #watch: KernelWatch | null;
  readonly #code: CodeWatch | null;
  #ring: Ring | null = null;
  #meter: CostMeter | null = null;
  #mostPercent = Number.POSITIVE_INFINITY;
  /** On the clock of the watch. */
  #watchedFrom = 0;
  readonly #seconds: number;
  #begunAt = performance.now();
  #looking: NodeJS.Timeout | undefined;
  #looks = 0;
  #watched: readonly number[];
  /** The whole server as it was at the start, traced or not. */
  readonly #before: ReadonlySet<number>;
  #tracingPid = 0;
  #reason: EndReason | null = null;
  #sentence = '';

  private constructor(
    engine: Engine,
    processes: readonly ProcessFacts[],
    seconds: number,
    spool: Spool,
    tracer: Tracer,
    watch: KernelWatch | null,
    code: CodeWatch | null,
  ) {
    this.#watch = watch;
    this.#code = code;
    this.#losses = new LossLog(spool.log);
    this.engine = engine;
    this.processes = processes;
    this.#watched = processes.map(({ pid }) => pid);
    this.#before = new Set(findFamily(this.#watched, hostView()).map(({ pid }) => pid));
    this.name = spool.name;
    this.opened = spool.opened;
    this.#seconds = seconds;
    this.#spool = spool;
    this.#tracer = tracer;
    this.ended = tracer.ended.then((end) => this.#conclude(end));
    // Whoever reads the input is told by its end; whoever wants the sentence asks later.
    this.ended.catch(() => undefined);
    this.input = tailInput({
      name: spool.name,
      path: spool.opened,
      ended: this.ended,
      diagnostics: this.#diagnostics,
      freed: () => spool.freed,
    });
  }

  /** Starts the engine and waits until it traces. Throws `AttachError` when it cannot. */
  static async start(
    engine: Engine,
    processes: readonly ProcessFacts[],
    seconds: number,
    spool: Spool,
    { signal, watch = null, code = null, ringSeconds, mostPercent }: StartOptions = {},
  ): Promise<LiveCapture> {
    const { command, environment, runsProgram, writesToStdout } = engine;
    if (ringSeconds !== undefined)
      await demandHoles(spool.descriptor, spool.file).catch((error) => {
        spool.remove();
        throw error;
      });
    const stdout = runsProgram ? 'ours' : writesToStdout ? { path: spool.opened } : 'log';
    const started = Tracer.start({
      command,
      log: spool.log,
      stdout,
      ...(environment === undefined ? {} : { environment }),
    });
    const tracer = await started.catch((error) => {
      spool.remove();
      throw new AttachError(`${engine.name} cannot be started: ${String(error.message)}.`, { cause: error });
    });
    const capture = new LiveCapture(engine, processes, seconds, spool, tracer, watch, code);
    try {
      await capture.#begin(signal);
      if (ringSeconds !== undefined) capture.#keepLast(ringSeconds);
      if (mostPercent !== undefined) capture.#mostPercent = mostPercent;
    } catch (error) {
      await tracer.stop(engine.stop);
      await capture.ended;
      spool.remove();
      throw error;
    }
    return capture;
  }

  /** When the time is over, on the clock of `performance.now()`. */
  get endsAt(): number {
    return this.#begunAt + this.#seconds * 1_000;
  }

  /** Where the capture is now. */
  get file(): string {
    return this.#spool.file;
  }

  /** Who else could replace the capture where it shall be, as a sentence without its end, or null. */
  get stranger(): string | null {
    return this.#spool.stranger;
  }

  /** Bytes that the tracer wrote so far. */
  get bytes(): number {
    return this.#spool.bytes;
  }

  /** Processes of the start that the tracer was refused, as far as the kernel shows it. */
  get refused(): readonly number[] {
    if (!this.engine.stopsProcesses || this.isOver) return [];
    return this.processes.filter(({ pid }) => readProcess(pid)?.tracer === 0).map(({ pid }) => pid);
  }

  get isOver(): boolean {
    return this.#tracer.isOver;
  }

  /** What the kernel said of each process at the last look; empty where nobody looks. */
  get sights(): readonly ProcessSight[] {
    return this.#watch?.processes ?? [];
  }

  /** What would stand behind the capture if it ended now: whoever reads a copy of it so far puts it there. */
  sightsSoFar(): string {
    return `\n${this.engine.open?.(this.sights) ?? ''}${this.#lossLines()}${this.#sightLines()}`;
  }

  /** Events that the tracer said beside the capture it had lost. */
  get lost(): number {
    return this.#losses.total;
  }

  #lossLines(): string {
    return this.engine.lost?.(this.#losses.losses) ?? '';
  }

  /** The code that a thread was seen in since it left its wait, `app.py:12 application()`; '' when none was. */
  codeOf(thread: ThreadSight): string {
    const frame = applicationFrame(this.#code?.now(thread)?.frames ?? []);
    return frame === null ? '' : codePlace(frame);
  }

  #sightLines(from = this.#watchedFrom): string {
    const notation = this.engine.sights;
    const cost = this.#meter === null ? '' : costLine(this.#meter.total, notation);
    return codeLines(this.#code?.seen ?? [], notation) + sightLines(this.sights, { notation, from }) + cost;
  }

  /** What tracing costs now, percent of one processor; null before anything was measured. */
  get costPercent(): number | null {
    return this.#meter?.percent ?? null;
  }

  /** Only the last part of the capture is kept, and none when it ends. */
  get isRing(): boolean {
    return this.#spool.isRing;
  }

  /** Where the ring begins; null for a capture that is kept whole, or has just begun. */
  get ringStart(): Checkpoint | null {
    return this.#ring?.first ?? null;
  }

  /** What would stand behind a capture that began there and ended now. */
  sightsSince({ at }: Checkpoint): string {
    return `\n${this.engine.open?.(this.sights) ?? ''}${this.#lossLines()}${this.#sightLines(at)}`;
  }

  /** Keeps the ring as it is until what is done with it is done. */
  async holding<Result>(action: () => Promise<Result>): Promise<Result> {
    this.#ring?.hold();
    try {
      return await action();
    } finally {
      this.#ring?.release();
    }
  }

  #keepLast(seconds: number): void {
    const { mostBytes, descriptor } = this.#spool;
    this.#ring = new Ring({
      length: seconds * 1e9,
      mostBytes,
      descriptor,
      opening: () => this.engine.opening?.() ?? '',
      limit: (bytes) => raiseFileLimit(this.#tracingPid, Math.ceil(bytes + mostBytes * (LIMIT_SLACK - 1))),
    });
  }

  /** Detaches; `ended` settles a second and a half after the patience of the engine at the latest. */
  stop(): void {
    this.#end('asked', '');
  }

  /** Ends the tracer at once. */
  kill(): void {
    this.#reason ??= 'asked';
    this.#tracer.kill();
  }

  async #begin(signal: AbortSignal | undefined): Promise<void> {
    const words = () => this.#tracer.lastWords();
    const deadline = performance.now() + BEGIN_WITHIN_MS;
    while (!(await this.engine.hasBegun(words, () => this.bytes))) {
      if (signal?.aborted) throw new AttachError('Given up before anything was traced.');
      if (this.#tracer.isOver || performance.now() > deadline) throw this.engine.explain(await words());
      await Promise.race([this.#tracer.ended, pause(BEGIN_LOOK_EVERY_MS)]);
    }
    // A signal of the last moment would be lost otherwise.
    if (signal?.aborted) throw new AttachError('Given up before anything was traced.');
    this.#begunAt = performance.now();
    this.#tracingPid = this.#tracer.findPid();
    this.#meter = new CostMeter({ tracerPid: this.#tracingPid, hasPrograms: this.engine.name === 'bpftrace' });
    this.#watchedFrom = Number(process.hrtime.bigint());
    this.#lookAtProcesses();
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  #look(): void {
    if (this.engine.lost !== undefined) this.#losses.look(Number(process.hrtime.bigint()));
    if (this.#ring !== null) {
      this.#ring.look(this.bytes);
      this.#spool.freed = this.#ring.freed;
    }
    const space = this.#spool.spaceProblem();
    if (space !== null) this.#end('space', `The capture ended early: ${space}.`);
    // strace is given its time by its guard, whatever becomes of drover; engines that start slowly are given theirs
    // here, from their beginning on.
    if (!this.engine.runsProgram && performance.now() > this.endsAt) this.#end('time', '');
    if (this.engine.writesToStdout && this.#allHaveEnded()) this.#end('processes-ended', '');
    if (this.#reason !== null) return;
    if (++this.#looks % FAMILY_EVERY_LOOKS === 0) this.#watched = this.#everyProcess().map(({ pid }) => pid);
    if (this.#looks % WATCH_EVERY_LOOKS === 0) {
      this.#lookAtProcesses();
      this.#lookAtCost();
    }
    if (!this.engine.stopsProcesses) return;
    const stalled = this.#stalls.look(this.#watched, performance.now());
    if (stalled === null) return;
    const { pid, tid, forMs } = stalled;
    const who = tid === pid ? `Worker ${pid}` : `Thread ${tid} of worker ${pid}`;
    this.#end(
      'stalled',
      `${who} all but stopped under ${this.engine.name} for ${(forMs / 1_000).toFixed(1)} s; drover detached at once.`,
    );
  }

  #lookAtProcesses(): void {
    this.#watch?.look(this.#watched);
    this.#code?.look(this.sights);
  }

  #lookAtCost(): void {
    this.#meter?.look();
    const percent = this.#meter?.recentPercent ?? 0;
    if (percent <= this.#mostPercent) return;
    this.#end(
      'cost',
      `Tracing took ${percent.toFixed(1)} % of a CPU over the last 10 s, more than the ${this.#mostPercent} % of ` +
        '--max-cost; drover detached.',
    );
  }

  #end(reason: EndReason, sentence: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#sentence = sentence;
    clearInterval(this.#looking);
    const deafFor = this.#begunAt + this.engine.stop.deafMs - performance.now();
    void pause(Math.max(0, deafFor)).then(() => this.#tracer.stop(this.engine.stop));
  }

  async #conclude(end: TracerEnd): Promise<CaptureEnd> {
    clearInterval(this.#looking);
    await this.#endOrphan();
    await this.#code?.settle();
    const reason = this.#reason ?? this.#reasonOf(end);
    if (reason === 'tracer-died') {
      const how = end.signal ?? `exit code ${end.code}`;
      this.#sentence = `${this.engine.name} ended before its time (${how}); what it wrote until then is kept.`;
    }
    if (reason === 'tracer-died' || reason === 'space' || reason === 'cost' || reason === 'stalled')
      this.#diagnostics.push({
        code: reason === 'tracer-died' ? 'tracer-died' : 'capture-ended-early',
        text: this.#sentence,
      });
    if (this.engine.lost !== undefined) this.#losses.look(Number(process.hrtime.bigint()));
    this.#close(reason !== 'space' && reason !== 'tracer-died');
    const { sentence, isClean } = this.engine.runsProgram
      ? { sentence: programEnd(end), isClean: true }
      : describeDetachment(this.#everyProcess(), this.engine.name);
    const bytes = this.#spool.bytes;
    const unkept = this.#spool.keep();
    return { reason, sentence: this.#sentence, detached: sentence, isClean, bytes, unkept };
  }

  /** Only a capture that is whole says who was silent to its end; what was lost, any says. */
  #close(isWhole: boolean): void {
    try {
      const lost = this.#lossLines();
      const closing = isWhole ? `${this.engine.closing?.() ?? ''}${lost}${this.#sightLines()}` : lost;
      if (closing !== '') this.#spool.write(this.#spool.endsLine ? closing : `\n${closing}`);
    } catch {
      // The disk is full since a moment ago: the capture is whole without them.
    }
  }

  /** When `timeout` was killed and strace was not, strace goes on without a limit. */
  async #endOrphan(): Promise<void> {
    const tracing = readProcess(this.#tracingPid);
    if (tracing === null || tracing.name !== this.engine.name) return;
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      if (readProcess(this.#tracingPid) === null) return;
      try {
        process.kill(this.#tracingPid, signal);
      } catch {
        // It ended a moment ago.
      }
      await pause(1_000);
    }
  }

  #reasonOf({ code, signal }: TracerEnd): EndReason {
    if (code === TIME_OVER) return 'time';
    if (signal === 'SIGXFSZ') {
      // It grew so quickly that it met the limit of its file before the next look.
      const problem = this.#spool.spaceProblem() ?? 'its file reached its limit (--max-spool)';
      this.#sentence = `The capture ended early: ${problem}.`;
      return 'space';
    }
    if (this.engine.runsProgram) return 'processes-ended';
    return this.#allHaveEnded() ? 'processes-ended' : 'tracer-died';
  }

  #allHaveEnded(): boolean {
    return this.processes.every(({ pid, startTicks }) => readProcess(pid)?.startTicks !== startTicks);
  }

  /** Those of the start, and those that they forked since then. */
  #everyProcess(): ProcessFacts[] {
    const all = new Map(this.processes.map((process) => [process.pid, process]));
    // Parents stand before their children.
    for (const process of findFamily([...all.keys()], hostView())) {
      const isNew = !this.#before.has(process.pid) && all.has(process.parent);
      if (isNew) all.set(process.pid, { ...process, state: 'S' });
    }
    return [...all.values()];
  }
}

function programEnd({ code, signal }: TracerEnd): string {
  if (code === TIME_OVER) return 'The program was ended when the time of the capture was over.';
  return `The program has ended (${signal ?? `exit code ${code}`}).`;
}
