import { isPid } from '../../../trace/process-number.ts';
import type { Call, Exit, Printed, Signal } from '../../../trace/record.ts';
import { signalInfo } from '../../../trace/siginfo.ts';
import { type Syscall, syscall } from '../../../trace/syscalls.ts';
import type { Nanoseconds } from '../../../trace/time.ts';
import { type KeptLine, keptLine } from '../../evidence.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import { PerProcess } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import { threadsOf } from '../../machine/threads-of.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';
import { FailureTexts } from './failure-texts.ts';
import type { LastWords } from './last-words.ts';
import { noteLog } from './logs.ts';
import { CRASHES, isReloading, type Sent, SentSignals } from './sent-signals.ts';

/** Deaths that are kept; further ones are counted. */
const MOST_DEATHS = 500;

/** A process that ended by a signal, or with a status other than 0. */
export interface Death {
  readonly pid: number;
  /** Null when only its parent was traced. */
  readonly process: Process | null;
  parent: Process | null;
  /** UNKNOWN in captures without times. */
  readonly at: Nanoseconds;
  /** `SIGSEGV`; '' when it exited. */
  readonly signal: string;
  /** Null when a signal killed it. */
  readonly status: number | null;
  coreDumped: boolean;
  /** Who sent the signal; 0 when the trace does not tell. */
  readonly sender: number;
  /** Who had sent it SIGABRT before it was killed, as gunicorn does with a worker that is late; 0 for nobody. */
  readonly abortedBy: number;
  /** No line tells its end: a signal that crashes a process is the last that was heard of it. */
  readonly isAssumed: boolean;
  /** It was that process itself, by `abort` or a fault. */
  readonly isOwnDoing: boolean;
  readonly lastCall: string;
  /** What that was made on; -1 for none. */
  readonly lastFd: number;
  /** It had accepted, waited for a listener or had a loop. */
  readonly hasServed: boolean;
  /** The line of the request that it had read and not answered, '' for one without; null for none. */
  readonly cutOff: string | null;
  /** It ran the program of its parent: a worker, no helper program. */
  readonly isFork: boolean;
  /** It, or its parent, had been asked to end before. */
  wasAsked: boolean;
  /** The process that its parent started next; 0 for none. */
  replacedBy: number;
  /** What it printed of its failure; null when the capture shows nothing of that kind. */
  readonly words: LastWords | null;
  readonly lines: KeptLine[];
}

/** The last such signal of each process. */
const crashes = new PerProcess<{ readonly signal: Sent; readonly at: Nanoseconds; readonly lastCall: string }>();

/** Follows who dies, of what, and who takes the place. */
export class DeathTracker extends TrackerBase implements Tracker {
  readonly deaths: Death[] = [];
  /** Beyond those that are kept. */
  more = 0;
  /** Processes that ended well: with status 0, or by a signal that asks to end. */
  ended = 0;
  readonly #signals = new SentSignals();
  readonly #printed = new FailureTexts();
  readonly #byPid = new Map<number, Death>();
  /** Processes that run another program than their parent. */
  readonly #executed = new WeakSet<Process>();
  /** Children that died and have not been replaced, by their parent. */
  readonly #missing = new Map<Process, Death[]>();

  hears({ family }: Syscall): Heard | undefined {
    switch (family) {
      case 'kill':
        return (call, thread) => this.#sent(call, thread);
      case 'wait-child':
        return (call, thread) => this.#reaped(call, thread);
      // One that could not begin the program that it was made for is no worker either.
      case 'execve':
        return (_, { process }) => this.executed(process);
      case 'clone':
        return (call, thread) => {
          if (isPid(call.result) && !call.arguments.has('CLONE_THREAD')) this.#forked(thread.process, call.result);
        };
      case 'write':
        return (call, thread) => this.#printed.wrote(call, thread);
      default:
        return undefined;
    }
  }

  opened(call: Call, thread: Thread, descriptor: Descriptor): void {
    noteLog(call, thread, descriptor);
  }

  /** A signal arrived. SIGCHLD tells of a child, also of one that was not traced. */
  signalled(signal: Signal, thread: Thread): void {
    const { code, pid, status } = signalInfo(signal.info);
    const line = { file: signal.file, line: signal.line, text: signal.text };
    if (signal.signal !== 'SIGCHLD') {
      const sent = { signal: signal.signal, sender: pid, code, at: signal.time, line };
      this.#signals.note(thread.process.pid, sent);
      if (CRASHES.has(signal.signal))
        crashes.set(thread.process, { signal: sent, at: signal.time, lastCall: thread.lastSyscall?.name ?? '' });
      return;
    }
    if (pid === 0 || !code.startsWith('CLD_')) return;
    const known = this.#byPid.get(pid);
    if (known !== undefined) {
      this.#childOf(known, thread.process, line);
      if (code === 'CLD_DUMPED') known.coreDumped = true;
      return;
    }
    if (code !== 'CLD_EXITED' && code !== 'CLD_KILLED' && code !== 'CLD_DUMPED') return;
    const isExit = code === 'CLD_EXITED';
    const death = this.#died({
      pid,
      process: null,
      at: signal.time,
      signal: isExit ? '' : status,
      status: isExit ? Number(status || 0) : null,
      coreDumped: code === 'CLD_DUMPED',
      isAssumed: false,
      lastCall: '',
      lastFd: -1,
      hasServed: false,
      cutOff: null,
      isFork: true,
      line,
    });
    if (death !== null) this.#childOf(death, thread.process, line);
  }

  printed(record: Printed, thread: Thread): void {
    this.#printed.printed(record, thread);
  }

  /** `kill` in a traced process: for SIGKILL nothing arrives. */
  #sent(call: Call, thread: Thread): void {
    const sent = call.result === 0 ? call.arguments.signal() : null;
    if (sent === null || sent.pid <= 0) return;
    const { pid, signal } = sent;
    this.#signals.note(pid, {
      signal,
      sender: thread.process.pid,
      code: 'SI_USER',
      at: call.end,
      line: keptLine(call),
    });
  }

  /** The first line that tells the end of a process. */
  exited({ status, signal, coreDumped, time, file, line, text }: Exit, thread: Thread): void {
    const { process } = thread;
    // A thread that ends by itself is no death.
    if (signal === '' && !isLast(thread)) return;
    if (process.endsWith !== null || this.#byPid.get(process.pid)?.process === process) return;
    const death = this.#died({
      pid: process.pid,
      process,
      at: time,
      signal,
      status,
      coreDumped,
      isAssumed: false,
      lastCall: thread.leftIn?.name ?? thread.lastSyscall?.name ?? '',
      lastFd: thread.leftIn?.fd ?? thread.lastFd,
      hasServed: threadsOf(process).some((each) => each.hasServed),
      cutOff: requestOf(process),
      isFork: !this.#executed.has(process),
      line: { file, line, text },
    });
    if (death === null) return;
    if (process.parent !== null) this.#childOf(death, process.parent, null);
  }

  /** `wait4` gave the status of a child. */
  #reaped(call: Call, thread: Thread): void {
    const death = call.result > 0 ? this.#byPid.get(call.result) : undefined;
    if (death === undefined) return;
    if (call.arguments.has('WCOREDUMP')) death.coreDumped = true;
    this.#childOf(death, thread.process, null);
  }

  /** A process started another. */
  #forked(parent: Process, child: number): void {
    const [next, ...rest] = this.#missing.get(parent) ?? [];
    if (next === undefined) return;
    next.replacedBy = child;
    if (rest.length === 0) this.#missing.delete(parent);
    else this.#missing.set(parent, rest);
  }

  /**
   * A process of which nothing follows behind a fault died of it, as far as anybody can tell: old versions of strace
   * print no more than that, and pastes end there. Whoever handles the signal goes on.
   */
  finish(threads: Iterable<Thread>): void {
    const silent = new Set<Process>();
    for (const { process, leftIn, ended } of threads) {
      const crash = crashes.of(process);
      if (crash === undefined || ended || this.#byPid.has(process.pid)) continue;
      const { line, file } = crash.signal.line;
      const isLast = threadsOf(process).every(
        ({ lane: own }) => own.lastLine !== null && own.lastLine.file === file && own.lastLine.line <= line,
      );
      if (isLast && leftIn === null) silent.add(process);
    }
    for (const process of silent) {
      const crash = crashes.of(process);
      if (crash === undefined) continue;
      this.#died({
        pid: process.pid,
        process,
        at: crash.at,
        signal: crash.signal.signal,
        status: null,
        coreDumped: false,
        isAssumed: true,
        lastCall: crash.lastCall,
        lastFd: -1,
        hasServed: threadsOf(process).some((each) => each.hasServed),
        cutOff: requestOf(process),
        isFork: !this.#executed.has(process),
        line: crash.signal.line,
      });
    }
  }

  executed(process: Process): void {
    this.#executed.add(process);
  }

  #died(end: {
    readonly pid: number;
    readonly process: Process | null;
    readonly at: Nanoseconds;
    readonly signal: string;
    readonly status: number | null;
    readonly coreDumped: boolean;
    readonly isAssumed: boolean;
    readonly lastCall: string;
    readonly lastFd: number;
    readonly hasServed: boolean;
    readonly cutOff: string | null;
    readonly isFork: boolean;
    readonly line: KeptLine;
  }): Death | null {
    const { pid, signal, status, line } = end;
    const last = this.#signals.take(pid);
    if (signal === '' && (status ?? 0) === 0) {
      if (status !== null) this.ended++;
      this.#byPid.delete(pid);
      return null;
    }
    const sent = last !== undefined && last.signal === signal ? last : null;
    const printed = this.#printed.take(end, line.line);
    const words = signal === 'SIGKILL' ? null : printed;
    // Where no line tells the cause nobody knows; SIGKILL of the kernel is for want of memory.
    const isOfKernel = signal !== 'SIGKILL' && sent !== null && !/^(?:|SI_(?:USER|TKILL|QUEUE))$/.test(sent.code);
    const isOwnDoing = isOfKernel || (sent !== null && (sent.sender === pid || isOfOwnWrite(end)));
    const death: Death = {
      ...end,
      parent: null,
      sender: sent?.sender ?? 0,
      abortedBy: signal === 'SIGKILL' && last?.signal === 'SIGABRT' ? last.sender : 0,
      isOwnDoing,
      // uWSGI tells its workers to reload, and they leave with a status that says so.
      wasAsked: this.#signals.isAsked(pid) || (words === null && signal === '' && isReloading(last, end.at)),
      replacedBy: 0,
      words,
      lines: sent === null || sent.line.line === line.line ? [line] : [sent.line, line],
    };
    // The number may come back.
    this.#signals.forget(pid);
    if (!this.inWindow(end.at)) return null;
    if (this.deaths.length < MOST_DEATHS) this.deaths.push(death);
    else {
      this.more++;
      return null;
    }
    this.#byPid.set(pid, death);
    return death;
  }

  #childOf(death: Death, parent: Process, line: KeptLine | null): void {
    if (death.parent === null) {
      death.parent = parent;
      death.wasAsked ||= this.#signals.isAsked(parent.pid);
      const missing = this.#missing.get(parent);
      if (missing === undefined) this.#missing.set(parent, [death]);
      else missing.push(death);
    }
    if (line !== null && !death.lines.some((known) => known.line === line.line && known.file === line.file))
      death.lines.push(line);
  }
}

/** What the process was serving. */
function requestOf(process: Process): string | null {
  for (const { line } of process.inProgress.unanswered(process)) return line;
  return null;
}

/** Its end is that of its process: it is the first thread or, where nobody knows which that is, the last one left. */
function isLast(thread: Thread): boolean {
  const { process, isMain } = thread;
  return isMain || (process.isLeaderGuessed && threadsOf(process).every((each) => each === thread || each.ended));
}

/** The kernel sends SIGPIPE for a write that nobody reads, in the name of a process whose own number nobody told. */
function isOfOwnWrite({ pid, signal, lastCall }: Pick<Death, 'pid' | 'signal' | 'lastCall'>): boolean {
  return pid === 0 && signal === 'SIGPIPE' && syscall(lastCall).family === 'write';
}
