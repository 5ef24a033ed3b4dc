import type { Now } from '../../analysis/activity.ts';
import type { AnalysisOptions } from '../../analysis/options.ts';
import type { LiveStatus } from '../../dashboard/state.ts';
import { type AnalysisMessage, AnalysisThread } from '../../pipeline/analysis-thread.ts';
import { machineOf } from '../../sources/bpftrace/program.ts';
import type { CaptureEnd, LiveCapture } from '../../sources/live/capture.ts';
import { processCall } from '../../sources/live/process-call.ts';
import { isWait, syscall } from '../../trace/syscalls.ts';
import type { Feed } from './dashboard-host.ts';

const LOOK_EVERY_MS = 250;
/** What a look every so often leaves unread. */
const NOTABLE_BYTES = 2_000_000;
/** Lines are counted over this time for the rate. */
const RATE_MS = 2_000;

interface LiveFeedOptions {
  readonly capture: LiveCapture;
  /** How long it shall last unless it is extended. */
  readonly seconds: number;
  /** Longest extension: the tracer ends by itself after both. */
  readonly reserveSeconds: number;
  readonly spoolLimitBytes: number;
  readonly options: AnalysisOptions;
  readonly memoryMb: number;
  readonly tell: (message: AnalysisMessage) => void;
  readonly status: (live: LiveStatus) => void;
}

/**
 * A live capture as the dashboard sees it: the analysis follows the spool in a thread, time and tracer are looked after
 * here.
 */
export class LiveFeed implements Feed {
  readonly #options: LiveFeedOptions;
  readonly #thread: AnalysisThread;
  readonly #started = performance.now();
  readonly #looking: NodeJS.Timeout;
  #endsAt: number;
  #end: CaptureEnd | null = null;
  #bytesRead = 0;
  #lines = 0;
  #lost = 0;
  #arrivedAt = performance.now();
  #counts: { readonly at: number; readonly lines: number }[] = [];

  constructor(options: LiveFeedOptions) {
    const { capture, memoryMb } = options;
    this.#options = options;
    this.#endsAt = this.#started + options.seconds * 1_000;
    const tell = (message: AnalysisMessage): void => this.#receive(message);
    this.#thread = new AnalysisThread({
      paths: [capture.name],
      opened: capture.opened,
      options: options.options,
      memoryMb,
      kind: 'live',
      tell,
    });
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
    void capture.ended.then((end) => {
      this.#end = end;
      this.#thread.spoolEnded(capture.input.diagnostics);
      this.#look();
    });
    this.#look();
  }

  stopReading(): void {}

  detach(): void {
    this.#options.capture.stop();
  }

  extend(byMs: number): void {
    const latest = this.#started + (this.#options.seconds + this.#options.reserveSeconds) * 1_000;
    this.#endsAt = Math.min(latest, this.#endsAt + byMs);
    this.#look();
  }

  /** Detaches and waits until the processes were looked at. */
  async end(): Promise<CaptureEnd> {
    clearInterval(this.#looking);
    this.#options.capture.stop();
    const end = await this.#options.capture.ended;
    await this.#thread.terminate();
    return end;
  }

  #receive(message: AnalysisMessage): void {
    if (message.kind === 'progress' || message.kind === 'snapshot' || message.kind === 'done') {
      const { bytesRead, lines } = message.read;
      if (lines > this.#lines) this.#arrivedAt = performance.now();
      this.#bytesRead = bytesRead;
      this.#lines = lines;
    }
    // Other tracers report a call when it is over: the kernel knows what a worker is in.
    if (message.kind === 'now' && this.#options.capture.engine.name !== 'strace') {
      this.#options.tell({ kind: 'now', workers: asKernelSays(message.workers) });
      return;
    }
    if (message.kind === 'snapshot' || message.kind === 'done') this.#lost = message.picture.report.quality.lostEvents;
    this.#options.tell(message);
  }

  #look(): void {
    const { capture, spoolLimitBytes, status } = this.#options;
    const now = performance.now();
    // The tracer itself would go on until the reserve is used up.
    if (now >= this.#endsAt && this.#end === null) capture.stop();
    this.#counts = [...this.#counts.filter(({ at }) => now - at <= RATE_MS), { at: now, lines: this.#lines }];
    const [first] = this.#counts;
    const bytes = capture.isOver ? this.#bytesRead : capture.bytes;
    const behind = bytes - this.#bytesRead;
    const end = this.#end;
    status({
      state: end === null ? 'tracing' : end.reason === 'asked' ? 'detached' : 'ended',
      engine: capture.engine.name,
      pids: capture.processes.map(({ pid }) => pid),
      elapsedMs: now - this.#started,
      limitMs: this.#endsAt - this.#started,
      behindBytes: behind > NOTABLE_BYTES ? behind : 0,
      callsPerSecond:
        first === undefined || now === first.at ? 0 : ((this.#lines - first.lines) * 1_000) / (now - first.at),
      lost: this.#lost,
      spool: capture.file,
      spoolBytes: bytes,
      spoolLimitBytes,
      notes: end === null ? [] : [[end.sentence, end.detached].filter((part) => part !== '').join(' ')],
      wallMs: Date.now(),
      atMs: now,
      silentMs: now - this.#arrivedAt,
    });
  }
}

/**
 * The same with the call that each worker is in by now; since when is what the trace says of the end of the last one.
 */
function asKernelSays(workers: ReadonlyMap<number, Now>): ReadonlyMap<number, Now> {
  const machine = machineOf(process.arch);
  if (machine === null) return workers;
  return new Map(
    [...workers].map(([pid, now]) => {
      const found = now.state === 'ended' ? null : processCall(pid, machine);
      if (found === null) return [pid, now];
      const { sinceMs } = now;
      if (found.call === '') return [pid, { state: 'silent', call: '', target: '', sinceMs }];
      const isSame = found.call === now.call;
      return [
        pid,
        {
          state: isWait(syscall(found.call).family) ? 'waiting' : 'blocked',
          call: found.call,
          target: isSame ? now.target : '',
          sinceMs,
        },
      ];
    }),
  );
}
