import type { Now } from '../../analysis/activity.ts';
import type { AnalysisOptions } from '../../analysis/options.ts';
import type { Report } from '../../analysis/report.ts';
import type { LiveStatus, ProcessNow } from '../../dashboard/state.ts';
import { asOperand } from '../../files/operand.ts';
import { type AnalysisMessage, AnalysisThread } from '../../pipeline/analysis-thread.ts';
import { machineOf } from '../../sources/bpftrace/program.ts';
import type { CaptureEnd, LiveCapture } from '../../sources/live/capture.ts';
import { isStuck } from '../../sources/live/code/code-watch.ts';
import { type ProcessCall, processCall } from '../../sources/live/process-call.ts';
import type { ProcessSight, ThreadSight } from '../../sources/live/sights.ts';
import { isInWait, isParking, tellingThread } from '../../sources/live/waiting.ts';
import { detachSummary } from '../capture/summary.ts';
import { asKernelSays } from './as-kernel-says.ts';
import { AwayCadence } from './away-cadence.ts';
import type { Feed } from './dashboard-host.ts';
import { KernelAsked } from './kernel-asked.ts';
import { openInPicture } from './open-in-picture.ts';

const LOOK_EVERY_MS = 250;
const SIGHTS_EVERY_MS = 500;
/** Who is away from its wait for so long may be stalled, by the lowest of the usual thresholds. */
const AWAY_MS = 900;
/** Who was in no wait at so many looks may be in a ladder of short calls, or just busy. */
const RESTLESS_MS = 1_900;
/** The age of a wait that nobody is interested in. */
const RECENT_MS = 1_000;
/** Half seconds. */
const MOST_QUEUED = 8;
/** A wait is told when it ends: so long a worker must be seen elsewhere before its turn is believed to go on. */
const SURE_MS = 700;
/** What a look every so often leaves unread. */
const NOTABLE_BYTES = 2_000_000;
const NOTABLE_MS = 1_500;
/** The screen is the shell's again, and the tracer has not left yet. */
const DETACHING_MS = 500;
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
  /** Tells the user something when the screen is the shell's again. */
  readonly say: (sentence: string) => void;
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
  /** When the kernel's word is told next, and which one was told last. */
  #sightsDue = 0;
  #sightsTold: LiveCapture['sights'] = [];
  readonly #turns = new OpenTurns();
  readonly #requests = new Since();
  readonly #asked = new KernelAsked(callOf);
  readonly #away = new AwayCadence();
  #endsAt: number;
  #end: CaptureEnd | null = null;
  #bytes = 0;
  #bytesRead = 0;
  #lines = 0;
  #lost = 0;
  #snapshot: Extract<AnalysisMessage, { kind: 'snapshot' }> | null = null;
  #open: Report | null = null;
  #arrivedAt = performance.now();
  #heardAt: number | null = null;
  #sizes: readonly { readonly at: number; readonly bytes: number }[] = [];
  #processes: {
    readonly sights: LiveCapture['sights'];
    readonly at: number;
    readonly all: readonly ProcessNow[];
  } | null = null;
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
    const waiting = setTimeout(() => this.#options.say('Detaching: the tracer is asked to leave.'), DETACHING_MS);
    const end = await this.#options.capture.ended;
    clearTimeout(waiting);
    await this.#thread.terminate();
    return end;
  }

  async interrupted(): Promise<void> {
    const { capture, say } = this.#options;
    const end = await this.end();
    for (const sentence of detachSummary(capture, end)) say(sentence);
    if (end.bytes > 0) say(`For the report: drover ${asOperand(capture.file)}`);
  }

  #receive(message: AnalysisMessage): void {
    if (message.kind === 'progress' || message.kind === 'snapshot' || message.kind === 'done') {
      const { bytesRead, lines } = message.read;
      if (lines > this.#lines) this.#arrivedAt = performance.now();
      this.#bytesRead = bytesRead;
      this.#lines = lines;
    }
    if (message.kind === 'now') {
      this.#heardAt = performance.now();
      const isLate = this.#options.capture.engine.name !== 'strace';
      const asked = this.#asked.about(message.workers, this.#options.capture.sights);
      const workers = asKernelSays(message.workers, { isLate, callOf: asked });
      const turns = this.#turns.look(workers, performance.now(), isLate ? SURE_MS : 0);
      this.#requests.look(
        [...message.workers].map(([pid, { requestSinceMs = null }]) => [pid, requestSinceMs] as const),
        performance.now(),
      );
      this.#options.tell({ kind: 'now', workers: turns });
      return;
    }
    if (message.kind === 'open') {
      this.#open = message.report;
      this.#away.told(message.report?.findings.some(({ openEnded }) => openEnded) === true);
      this.#tellPicture();
      return;
    }
    if (message.kind === 'snapshot' || message.kind === 'done') this.#lost = message.picture.report.quality.lostEvents;
    if (message.kind === 'snapshot') {
      this.#snapshot = message;
      this.#tellPicture();
      return;
    }
    this.#options.tell(message);
  }

  /** What goes on comes with the last picture; before there is any, the report on what goes on is one. */
  #tellPicture(): void {
    const report = this.#open;
    const read = { bytesRead: 0, sizeBytes: null, lines: 0 };
    const first = report === null ? null : ({ kind: 'snapshot', read, picture: { report, activity: null } } as const);
    const last = this.#snapshot ?? first;
    if (last === null) return;
    const open = report === null ? [] : openInPicture(report, last.picture);
    this.#options.tell({ ...last, picture: { ...last.picture, open } });
  }

  /** What was seen of the processes, for a report on what goes on. */
  #tellSights(now: number): void {
    const { capture } = this.#options;
    if (capture.isOver || capture.sights.length === 0) return;
    if (capture.sights === this.#sightsTold && now < this.#sightsDue) return;
    this.#sightsTold = capture.sights;
    this.#sightsDue = now + SIGHTS_EVERY_MS;
    const processes = this.#processesNow();
    const stuck = processes.filter(({ isWaiting, ageMs }) => !isWaiting && ageMs >= AWAY_MS);
    const restless = processes.filter(({ isWaiting, awayMs }) => !isWaiting && awayMs >= RESTLESS_MS);
    const pids = (some: readonly ProcessNow[]): string => some.map(({ pid }) => pid).join(' ');
    const computing = capture.sights.flatMap(({ threads }) => threads.filter(hasComputed).map(({ tid }) => tid));
    const inPools = capture.sights.flatMap((each) => stuckInPool(each).map(({ tid }) => tid));
    const turning = this.#turns.longerThan(AWAY_MS, now);
    const asking = this.#requests.longerThan(AWAY_MS, now);
    const queued = queuedFor(capture, monotonic());
    const isAway =
      [stuck, restless, computing, inPools, turning, asking].some(({ length }) => length > 0) || queued > 0;
    const threads = [computing, inPools, turning, asking].map((some) => some.join(' ')).join(', ');
    if (!this.#away.isDue(`${pids(stuck)}, ${pids(restless)}, ${threads}, ${queued}`, now)) return;
    this.#thread.sights({
      ...(isAway ? capture.sightsNow() : { lines: '', elsewhere: new Map() }),
      lastIsOpen: capture.engine.name === 'strace',
      isAway,
    });
  }

  #look(): void {
    const { capture, spoolLimitBytes, status } = this.#options;
    const now = performance.now();
    // The tracer itself would go on until the reserve is used up.
    if (now >= this.#endsAt && this.#end === null) capture.stop();
    if (this.#end === null) this.#tellSights(now);
    this.#counts = [...this.#counts.filter(({ at }) => now - at <= RATE_MS), { at: now, lines: this.#lines }];
    const [first] = this.#counts;
    const bytes = capture.isOver ? this.#bytesRead : capture.bytes;
    const behind = bytes - this.#bytesRead;
    const end = this.#end;
    // Since when there is something that was not read.
    this.#sizes = [...this.#sizes, { at: now, bytes }].filter((size) => size.bytes > this.#bytesRead);
    const behindMs = now - (this.#sizes[0]?.at ?? now);
    // What it prints of a second in which nothing happened is read as nothing.
    const isCounting = capture.engine.counts === true;
    if (isCounting && bytes > this.#bytes) this.#arrivedAt = now;
    this.#bytes = bytes;
    const isBehind = behind > NOTABLE_BYTES || behindMs > NOTABLE_MS;
    status({
      state: end === null ? 'tracing' : end.reason === 'asked' ? 'detached' : 'ended',
      engine: isCounting ? `${capture.engine.name} (watch)` : capture.engine.name,
      pids: capture.processes.map(({ pid }) => pid),
      elapsedMs: now - this.#started,
      limitMs: this.#endsAt - this.#started,
      behindBytes: isBehind ? behind : 0,
      behindMs: isBehind ? behindMs : 0,
      callsPerSecond: isCounting
        ? null
        : first === undefined || now === first.at
          ? 0
          : ((this.#lines - first.lines) * 1_000) / (now - first.at),
      lost: Math.max(this.#lost, capture.lost),
      spool: capture.file,
      spoolBytes: bytes,
      spoolLimitBytes,
      costPercent: capture.costPercent,
      notes: end === null ? [] : [[end.sentence, end.detached].filter((part) => part !== '').join(' ')],
      wallMs: Date.now(),
      atMs: now,
      silentMs: now - this.#arrivedAt,
      ...(this.#heardAt === null ? {} : { unheardMs: now - this.#heardAt }),
      processes: this.#processesNow(),
    });
  }

  /** Where all of 200 processes wait, how long they do is of no use to anybody more often than that. */
  #processesNow(): readonly ProcessNow[] {
    const { capture } = this.#options;
    const { sights } = capture;
    const now = performance.now();
    const last = this.#processes;
    const isRecent = last !== null && last.sights === sights && now - last.at < RECENT_MS;
    if (isRecent && last.all.every(({ isWaiting, isParked }) => isWaiting || isParked === true)) return last.all;
    const all = processesNow(capture, monotonic());
    this.#processes = { sights, at: now, all };
    return all;
  }
}

/** A thread of a pool, too, whose process goes on meanwhile. */
function hasComputed({ call, at, awayFrom }: ThreadSight): boolean {
  return call === '' && at - awayFrom >= RESTLESS_MS * 1e6;
}

/** Threads of a pool that do not come back while another one of their process waits for whatever comes. */
function stuckInPool(process: ProcessSight): readonly ThreadSight[] {
  if (process.clients === 0 || process.threads.length === 1) return [];
  return process.threads.filter((thread) => thread.tid !== process.pid && isStuck(process, thread));
}

/** How long something of a process has gone on, by when this one first heard of it. */
class Since {
  #all = new Map<number, { readonly sinceMs: number; readonly at: number }>();

  /** Since when it goes on, by pid; null where nothing does. */
  look(all: Iterable<readonly [pid: number, sinceMs: number | null]>, at: number): void {
    const before = this.#all;
    this.#all = new Map();
    for (const [pid, sinceMs] of all) {
      if (sinceMs === null) continue;
      const known = before.get(pid);
      this.#all.set(pid, known?.sinceMs === sinceMs ? known : { sinceMs, at });
    }
  }

  heardAt(pid: number): number | undefined {
    return this.#all.get(pid)?.at;
  }

  /** Of whom it has gone on for so long. */
  longerThan(leastMs: number, now: number): readonly number[] {
    return [...this.#all].filter(([, { at }]) => now - at >= leastMs).map(([pid]) => pid);
  }
}

/** How long turns have gone on. */
class OpenTurns {
  readonly #turns = new Since();

  /** The same workers; turns that were first heard of less than `leastMs` ago are left out. */
  look(workers: ReadonlyMap<number, Now>, at: number, leastMs: number): ReadonlyMap<number, Now> {
    this.#turns.look(
      [...workers].map(([pid, { turnSinceMs = null, state }]) => {
        const isOver = state === 'waiting' || state === 'ended';
        return [pid, isOver ? null : turnSinceMs] as const;
      }),
      at,
    );
    const isYoung = (pid: number): boolean => at - (this.#turns.heardAt(pid) ?? at) < leastMs;
    return new Map([...workers].map(([pid, now]) => [pid, isYoung(pid) ? { ...now, turnSinceMs: null } : now]));
  }

  /** Who has been in one for so long. */
  longerThan(leastMs: number, now: number): readonly number[] {
    return this.#turns.longerThan(leastMs, now);
  }
}

/**
 * Half seconds, up to a few, for which connections have waited to be accepted; 0 before a second look has shown that.
 * With each of them more is known of the workers, so that it is worth a report again.
 */
function queuedFor({ sights }: LiveCapture, now: number): number {
  const stays = sights.flatMap(({ queues }) => (queues?.now == null ? [] : [queues.now]));
  const longest = Math.max(0, ...stays.map(({ since, at }) => (at > since ? now - since : 0)));
  return Math.min(MOST_QUEUED, Math.floor(longest / 0.5e9));
}

const MACHINE = machineOf(process.arch);

function callOf(pid: number): ProcessCall | null {
  return MACHINE === null ? null : processCall(pid, MACHINE);
}

function monotonic(): number {
  return Number(process.hrtime.bigint());
}

/** Each process by the thread that tells most; `now` on the clock of the watch. */
function processesNow(capture: LiveCapture, now: number): ProcessNow[] {
  const parents = new Set(capture.sights.map(({ parent }) => parent));
  return capture.sights.flatMap((sight) => {
    const { pid, innerPid, name, server = '' } = sight;
    const telling = tellingThread(sight);
    if (telling === undefined) return [];
    const { call, held, target, since, at, awayFrom, isFromStart } = telling;
    const isWaiting = isInWait(telling);
    const ageMs = Math.max(0, (now - since) / 1e6);
    return [
      {
        pid,
        innerPid,
        name,
        server,
        ...(telling.tid === pid ? {} : { tid: telling.tid }),
        call,
        held,
        target,
        isWaiting,
        ageMs,
        stayMs: (at - since) / 1e6,
        awayMs: (at - awayFrom) / 1e6,
        code: capture.codeOf(telling),
        isFromStart,
        isParked: held === '' && parents.has(pid) && isParking(call),
      },
    ];
  });
}
