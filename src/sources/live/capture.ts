import { setTimeout as pause } from 'node:timers/promises';
import { decimals } from '../../trace/format-numbers.ts';
import { AttachError } from '../attach-error.ts';
import { tailInput } from '../tail-input.ts';
import type { SourceDiagnostic, TraceInput } from '../trace-input.ts';
import type { CodeWatch } from './code/code-watch.ts';
import { describeDetachment } from './detachment.ts';
import type { Engine } from './engine.ts';
import { FollowedProcesses } from './followed-processes.ts';
import type { KernelWatch } from './kernel-watch.ts';
import { LIMIT_SLACK } from './launch.ts';
import { Onlookers, type SightsNow } from './onlookers.ts';
import { type ProcessFacts, readProcess } from './process-facts.ts';
import { type Checkpoint, demandHoles, Ring, raiseFileLimit } from './ring.ts';
import type { ProcessSight, ThreadSight } from './sights.ts';
import type { Spool } from './spool.ts';
import { StallWatch } from './stall-watch.ts';
import { endOrphan, Tracer, type TracerEnd } from './tracer.ts';

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

/** Who looks at the processes meanwhile, what is kept, and what ends it. */
interface StartOptions {
  readonly signal?: AbortSignal | undefined;
  readonly watch?: KernelWatch | null;
  readonly beside?: readonly ProcessFacts[];
  readonly code?: CodeWatch | null;
  /** Only so much of the end of the capture is kept. */
  readonly ringSeconds?: number | undefined;
  /** It ends when tracing costs more of one processor over ten seconds. */
  readonly mostPercent?: number | undefined;
}

const LOOK_EVERY_MS = 200;
/** Lines of the moment before a checkpoint may come behind it. */
const BUFFERED_NS = 3e8;
/**
 * What the kernel says of many processes is asked at the first look behind so much: once a second, also on a host on
 * which looks come late.
 */
const WATCH_EVERY_MS = 900;
/** Of a few processes a look costs next to nothing: a worker that hangs is seen in it half a second sooner. */
const WATCH_FEW_EVERY_MS = 350;
const FEW_PROCESSES = 32;
/** And once sooner: with the look from before the tracer worked it shows who has been stuck, and who waited, since. */
const FIRST_WATCH_MS = 300;
/** Workers that replaced others are looked for so often, and for no more than one part in 200 of the time. */
const FAMILY_EVERY_MS = 2_000;
const FAMILY_LATEST_MS = 10_000;
const FAMILY_SHARE = 200;
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
  readonly #onlookers: Onlookers;
  readonly #followed: FollowedProcesses;
  #ring: Ring | null = null;
  #mostPercent = Number.POSITIVE_INFINITY;
  readonly #seconds: number;
  #begunAt = performance.now();
  #looking: NodeJS.Timeout | undefined;
  #watchDue = 0;
  #familyDue = 0;
  #tracingPid = 0;
  #reason: EndReason | null = null;
  #closingLines: string | null = null;
  #sentence = '';

  private constructor(
    engine: Engine,
    processes: readonly ProcessFacts[],
    seconds: number,
    spool: Spool,
    tracer: Tracer,
    onlookers: Onlookers,
  ) {
    this.#onlookers = onlookers;
    this.engine = engine;
    this.processes = processes;
    this.#followed = new FollowedProcesses(processes);
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
    { signal, watch = null, beside = [], code = null, ringSeconds, mostPercent }: StartOptions = {},
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
    const onlookers = new Onlookers(engine, spool.log, { watch, code, beside });
    const capture = new LiveCapture(engine, processes, seconds, spool, tracer, onlookers);
    try {
      await capture.#begin(signal);
      if (ringSeconds !== undefined) capture.#keepLast(ringSeconds);
      if (mostPercent !== undefined) capture.#mostPercent = mostPercent;
      // Everything in it is open by now, and nothing of it is left if drover is killed.
      if (spool.isPassedOn) spool.remove();
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
    return this.#onlookers.sights;
  }

  /** What would stand behind the capture if it ended now: whoever reads a copy of it so far puts it there. */
  sightsSoFar(): string {
    return this.#linesNow();
  }

  /** The same for whoever reads along: what every look showed, and none of what comes once. */
  sightsNow(): SightsNow {
    return this.#onlookers.sightsNow();
  }

  /** Events that the tracer said beside the capture it had lost. */
  get lost(): number {
    return this.#onlookers.lost;
  }

  /** The code that a thread was seen in since it left its wait, `app.py:12 application()`; '' when none was. */
  codeOf(thread: ThreadSight): string {
    return this.#onlookers.codeOf(thread);
  }

  /** What tracing costs now, percent of one processor; null before anything was measured. */
  get costPercent(): number | null {
    return this.#onlookers.costPercent;
  }

  /** Whether it is found under a name when it ends: a ring is not, nor what is passed on. */
  get isKept(): boolean {
    return this.#spool.isKept;
  }

  /** Where the ring begins; null for a capture that is kept whole, or has just begun. */
  get ringStart(): Checkpoint | null {
    return this.#ring?.first ?? null;
  }

  /** What would stand behind a capture that began there and ended now. */
  sightsSince({ at }: Checkpoint): string {
    return this.#linesNow(at - BUFFERED_NS);
  }

  #linesNow(from?: number): string {
    const onlookers = this.#onlookers;
    return `\n${onlookers.openLines()}${onlookers.lossLines()}${onlookers.sightLines(from)}`;
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
      opening: () => this.engine.opening?.(this.#followed.pids) ?? '',
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
      if (signal?.aborted) throw new AttachError('drover gave up before it traced anything.');
      if (this.#tracer.isOver || performance.now() > deadline) throw this.engine.explain(await words());
      await Promise.race([this.#tracer.ended, pause(BEGIN_LOOK_EVERY_MS)]);
    }
    // A signal of the last moment would be lost otherwise.
    if (signal?.aborted) throw new AttachError('drover gave up before it traced anything.');
    this.#begunAt = performance.now();
    this.#familyDue = this.#begunAt + FAMILY_EVERY_MS;
    this.#watchDue = this.#begunAt + FIRST_WATCH_MS;
    this.#tracingPid = this.#tracer.findPid();
    this.#onlookers.begin(this.#tracingPid, this.#followed.pids);
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  #look(): void {
    this.#onlookers.lookForLosses();
    if (this.#ring !== null) {
      this.#ring.look(this.bytes);
      this.#spool.freed = this.#ring.freed;
      this.#onlookers.forgetBefore(this.#ring.first?.at ?? 0);
    }
    const space = this.#spool.spaceProblem();
    if (space !== null) this.#end('space', `The capture ended early: ${space}.`);
    // strace is given its time by its guard, whatever becomes of drover; engines that start slowly are given theirs
    // here, from their beginning on.
    if (!this.engine.runsProgram && performance.now() > this.endsAt) this.#end('time', '');
    if (this.engine.writesToStdout && this.#followed.haveEnded) {
      // Others may have replaced them since the last look.
      this.#followed.refresh();
      if (this.#followed.haveEnded) this.#end('processes-ended', '');
    }
    if (this.#reason !== null) return;
    this.#refreshFamily();
    if (performance.now() >= this.#watchDue) {
      const { pids } = this.#followed;
      const pauseMs = pids.length <= FEW_PROCESSES ? WATCH_FEW_EVERY_MS : WATCH_EVERY_MS;
      this.#watchDue = performance.now() + pauseMs;
      this.#onlookers.look(pids);
      this.#limitCost();
    }
    if (!this.engine.stopsProcesses) return;
    const stalled = this.#stalls.look(this.#followed.pids, performance.now());
    if (stalled === null) return;
    const { pid, tid, forMs } = stalled;
    const who = tid === pid ? `Worker ${pid}` : `Thread ${tid} of worker ${pid}`;
    this.#end(
      'stalled',
      `${who} hardly ran for ${decimals(forMs / 1_000, 1)} s under ${this.engine.name}; drover detached at once.`,
    );
  }

  /** A host has thousands of processes at times. */
  #refreshFamily(): void {
    const started = performance.now();
    if (started < this.#familyDue) return;
    this.#followed.refresh();
    const ended = performance.now();
    const pause = Math.min(FAMILY_LATEST_MS, Math.max(FAMILY_EVERY_MS, (ended - started) * FAMILY_SHARE));
    this.#familyDue = ended + pause;
  }

  #limitCost(): void {
    const percent = this.#onlookers.recentCostPercent;
    if (percent <= this.#mostPercent) return;
    this.#end(
      'cost',
      `Tracing took ${decimals(percent, 1)} % of a CPU over the last 10 s, more than the ${this.#mostPercent} % of ` +
        '--max-cost; drover detached.',
    );
  }

  #end(reason: EndReason, sentence: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#sentence = sentence;
    clearInterval(this.#looking);
    // While the tracer leaves, who hung may come back: the capture ends with what was so when it was asked to.
    this.#closingLines = this.#closing();
    const deafFor = this.#begunAt + this.engine.stop.deafMs - performance.now();
    void pause(Math.max(0, deafFor)).then(() => this.#tracer.stop(this.engine.stop));
  }

  async #conclude(end: TracerEnd): Promise<CaptureEnd> {
    clearInterval(this.#looking);
    await endOrphan(this.#tracingPid, this.engine.name);
    await this.#onlookers.settle();
    this.#followed.refresh();
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
    this.#close(reason !== 'space' && reason !== 'tracer-died');
    const { sentence, isClean } = this.engine.runsProgram
      ? { sentence: programEnd(end), isClean: true }
      : describeDetachment(this.#followed.all, this.engine.name);
    const bytes = this.#spool.bytes;
    const unkept = this.#spool.keep();
    return { reason, sentence: this.#sentence, detached: sentence, isClean, bytes, unkept };
  }

  /** Only a capture that is whole says who was silent to its end; what was lost, any says. */
  #close(isWhole: boolean): void {
    try {
      const lost = this.#onlookers.lossLines();
      const closing = isWhole ? `${this.#closingLines ?? this.#closing()}${lost}${this.#onlookers.sightLines()}` : lost;
      if (closing !== '') this.#spool.write(this.#spool.endsLine ? closing : `\n${closing}`);
    } catch {
      // The disk is full since a moment ago: the capture is whole without them.
    }
  }

  #closing(): string {
    const { closing } = this.engine;
    if (closing === undefined) return '';
    this.#onlookers.lookLast(this.#followed.pids);
    return closing(this.#followed.pids, this.#onlookers.sightsInCapture);
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
    return this.#followed.haveEnded ? 'processes-ended' : 'tracer-died';
  }
}

function programEnd({ code, signal }: TracerEnd): string {
  if (code === TIME_OVER) return 'The program was ended when the time of the capture was over.';
  return `The program has ended (${signal ?? `exit code ${code}`}).`;
}
