import type { Call, Frame } from '../../../trace/record.ts';
import type { Family, Syscall } from '../../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds } from '../../../trace/time.ts';
import { type KeptLine, keptLine, NO_LINE } from '../../evidence.ts';
import { blockClass } from '../../machine/block-class.ts';
import { type Descriptor, describeTarget } from '../../machine/descriptors.ts';
import type { Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import { MAY_HAVE_FRAMES, type Tracker, TrackerBase } from '../../tracker.ts';
import {
  BLIND,
  COLLECTS,
  ENDS,
  EVALUATES,
  FINALIZES,
  FrameKinds,
  GREEN,
  MAY_COLLECT,
  NAMELESS,
  PENDING,
  STARTS_STACK,
} from './frame-kinds.ts';

/** A call that can wait, made by code that a garbage collector or a finalizer had called. */
export interface CollectorCall {
  readonly thread: ThreadView;
  /**
   * `nearby`: an exported name near the collector's code, in a program without symbols. `finalizer`: no collector is in
   * the stack.
   */
  readonly inside: 'collector' | 'nearby' | 'finalizer';
  /** The frame that says so. */
  readonly frame: string;
  readonly call: string;
  readonly error: string;
  readonly target: string;
  readonly isSocket: boolean;
  /** Greenlets run in the process. */
  readonly isGreen: boolean;
  readonly start: Nanoseconds;
  /** UNKNOWN when the trace does not tell. */
  readonly duration: Nanoseconds;
  readonly line: KeptLine;
  /** The line of `frame`, up to its symbol. */
  readonly frameLine: KeptLine;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    collectorCall: CollectorCall;
  }
}

/** Calls that wait, or in which a green library switches to somebody else. */
const WAITING: ReadonlySet<Family> = new Set<Family>([
  'read',
  'write',
  'connect',
  'accept',
  'poll',
  'select',
  'epoll-wait',
  'sleep',
  'sync',
  'lock',
  'wait-child',
  'semaphore',
]);

const LONGEST_NAME = 120;
const LONGEST_LINE = 1000;

/** The last call of a thread, while its frames are read. */
interface Stack {
  readonly syscall: Syscall;
  readonly fd: number;
  readonly descriptor: Descriptor | undefined;
  readonly start: Nanoseconds;
  readonly duration: Nanoseconds;
  readonly error: string;
  readonly line: KeptLine;
  frames: number;
  /** Code of the interpreted language was met: what is met from now on called it. */
  evaluated: boolean;
  /** FINALIZES, MAY_COLLECT or COLLECTS: the strongest met so far, and its name. */
  below: number;
  name: string;
  frameLine: KeptLine;
  green: boolean;
  /** The frame before had no name. */
  nameless: boolean;
  /** The rest is not this call's, or the program is ending. */
  done: boolean;
}

/** Reads the stacks of `-k`: which calls were made by code that ran inside a garbage collector. */
export class StackTracker extends TrackerBase implements Tracker {
  readonly #kinds = new FrameKinds();
  readonly #last = new Map<Thread, Stack>();
  /** There was a frame. */
  seen = false;
  #without = 0;
  /** Frames of a run-time without symbols were seen, which never name its collector. */
  isBlind = false;
  /** Stacks of calls that can wait. */
  read = 0;

  /** The frames of the call before are complete. */
  framesMayFollow(call: Call, thread: Thread): void {
    this.#close(thread);
    if (!this.seen && ++this.#without === MAY_HAVE_FRAMES) {
      // A frame that comes late belongs to none of these calls.
      this.finish();
      return;
    }
    const { syscall, fd, start, duration, error } = call;
    if (!canWait(call)) return;
    const descriptor = thread.process.descriptors.get(fd);
    this.#last.set(thread, {
      syscall,
      fd,
      descriptor,
      start,
      duration,
      error,
      line: keptLine(call),
      frames: 0,
      evaluated: false,
      below: 0,
      name: '',
      frameLine: NO_LINE,
      green: false,
      nameless: false,
      done: false,
    });
  }

  /** The next frame of the thread's last call, from the inside out. */
  frame(frame: Frame, thread: Thread): void {
    this.seen = true;
    const stack = this.#last.get(thread);
    if (stack === undefined) return;
    if (stack.frames++ === 0) this.read++;
    const kind = this.#kinds.of(frame);
    if ((kind & GREEN) !== 0) stack.green = true;
    if ((kind & BLIND) !== 0) this.isBlind = true;
    if (stack.done) return;
    if ((kind & ENDS) !== 0) {
      stack.below = 0;
      stack.done = true;
    } else if ((kind & STARTS_STACK) !== 0) stack.done = true;
    else if (stack.evaluated) meet(stack, (kind & PENDING) !== 0 && stack.nameless ? MAY_COLLECT : kind, frame);
    stack.nameless = (kind & NAMELESS) !== 0;
    if ((kind & EVALUATES) !== 0) stack.evaluated = true;
  }

  threadEnded(thread: Thread): void {
    this.#close(thread);
  }

  threadLetGo(thread: Thread): void {
    this.#close(thread);
  }

  /** No more frames come for the thread's last call. */
  #close(thread: Thread): void {
    const stack = this.#last.get(thread);
    if (stack === undefined) return;
    this.#last.delete(thread);
    if (stack.below !== 0 && this.inWindow(stack.start)) this.facts.tell('collectorCall', factOf(stack, thread));
  }

  finish(): void {
    for (const thread of [...this.#last.keys()]) this.#close(thread);
  }
}

/**
 * Waking somebody, and the waits of the interpreter for its own lock, are no work of the code that the collector calls.
 */
function canWait(call: Call): boolean {
  const { syscall, fd, error, duration } = call;
  if (syscall.family === 'futex')
    return (
      duration >= MILLISECOND &&
      blockClass({ syscall, fd, arguments: call.arguments, error, duration }, undefined) !== 'gil'
    );
  return WAITING.has(syscall.family);
}

function meet(stack: Stack, kind: number, { symbol, offset, object, line }: Frame): void {
  const found = kind & (COLLECTS | MAY_COLLECT | FINALIZES);
  const strength = (found & COLLECTS) !== 0 ? 3 : (found & MAY_COLLECT) !== 0 ? 2 : (found & FINALIZES) !== 0 ? 1 : 0;
  if (strength <= stack.below) return;
  stack.below = strength;
  stack.frameLine = { file: stack.line.file, line, text: ` > ${object}(${symbol}`.slice(0, LONGEST_LINE) };
  // C++ adds its arguments.
  const name = symbol.replace(/(?!^)\(.*$/s, '').slice(0, LONGEST_NAME);
  stack.name = strength === 2 ? `${name}+0x${offset.toString(16)}` : name;
}

const INSIDE = ['finalizer', 'finalizer', 'nearby', 'collector'] as const;

function factOf(stack: Stack, thread: Thread): CollectorCall {
  const { syscall, fd, descriptor, start, duration, error, line, below, name, frameLine, green } = stack;
  return {
    thread,
    inside: INSIDE[below as 0 | 1 | 2 | 3],
    frame: name,
    call: syscall.name,
    error,
    target: describeTarget(fd, descriptor),
    isSocket: descriptor !== undefined && /^(?:socket|datagram|connection)$/.test(descriptor.kind),
    isGreen: green || /gevent|eventlet/.test(thread.process.server),
    start,
    duration,
    line,
    frameLine,
  };
}
