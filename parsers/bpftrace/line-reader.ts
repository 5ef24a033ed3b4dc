import { errorName, errorNumber } from '../../src/trace/errors.ts';
import type { Cost } from '../../src/trace/record.ts';
import { signalName } from '../../src/trace/signals.ts';
import { knownSyscall, type Machine, syscallName } from '../../src/trace/syscall-numbers.ts';
import { type Syscall, syscall } from '../../src/trace/syscalls.ts';
import { LONGEST_CAPTURE, type Nanoseconds, UNKNOWN } from '../../src/trace/time.ts';
import { readCodeSample } from '../text/code-line.ts';
import { readCost } from '../text/cost-line.ts';
import type { Where } from '../text/line-parser.ts';
import { readSight } from '../text/sight-line.ts';
import type { CallFacts, SchedulingFacts } from '../timeline/printed-call.ts';
import type { TimeAxis } from '../timeline/time-axis.ts';
import type { EarlierCall } from './earlier-calls.ts';
import { type LineFields, readFields } from './fields.ts';
import { rawBytes, uint64 } from './raw-bytes.ts';
import { SentSignals } from './sent-signals.ts';
import { addressText } from './socket-bytes.ts';
import type { Waiting } from './waiting.ts';

/** What a line `event=cost` says. */
export type CostFacts = Omit<Cost, 'kind'>;

/** What a line of `key=value` turned out to be. */
export type LineMeaning =
  | { readonly kind: 'waiting'; readonly waiting: Waiting }
  /** `event=start`, `event=fd`: something about the capture itself. */
  | { readonly kind: 'header'; readonly fields: LineFields }
  /** `event=in`: what a thread was in when somebody looked. */
  | { readonly kind: 'earlier'; readonly call: EarlierCall }
  /** `event=cost`: what tracing cost. */
  | { readonly kind: 'cost'; readonly cost: CostFacts }
  /** A signal on its way: its delivery is told when it happens. */
  | { readonly kind: 'silent' }
  /** It is of the documented form, and something in it cannot be. */
  | { readonly kind: 'broken' }
  /** It is something else. */
  | { readonly kind: 'other' };

/** Lines about the capture. */
const HEADERS: ReadonlySet<string> = new Set(['start', 'end', 'fd', 'tick', 'lost']);
const UNTRACED: ReadonlySet<string> = new Set(['other', 'file', 'memory', 'trivial']);
/** Numbers of threads and descriptors are that large at most. */
const MOST_TID = 0x7fffffff;
const OTHER: LineMeaning = { kind: 'other' };
const BROKEN: LineMeaning = { kind: 'broken' };
const SILENT: LineMeaning = { kind: 'silent' };
/** `result=` of `signal_generate`: the process ignores the signal, so that nothing will be delivered. */
const IGNORED = '1';
/** `data=` is kept up to here. */
const LONGEST_DATA = 4_096;
/**
 * Signals that end a process that does nothing about them; all others are stops, continuations or ignored by default.
 */
const HARMLESS: ReadonlySet<string> = new Set([
  'SIGCHLD',
  'SIGCONT',
  'SIGURG',
  'SIGWINCH',
  'SIGSTOP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
]);

/** Reads the `key=value` lines of bpftrace programs: drover's own, and any that follow the form. */
export class KeyValueReader {
  readonly #axis: TimeAxis;
  readonly #sent = new SentSignals();
  machine: Machine = 'x86-64';

  constructor(axis: TimeAxis) {
    this.#axis = axis;
  }

  read(text: string, where: Where): LineMeaning {
    const fields = readFields(text);
    if (fields === null) return /^(?:ts|event)=/.test(text) ? BROKEN : OTHER;
    if (HEADERS.has(fields.event)) return { kind: 'header', fields };
    if (fields.event === 'in') return earlier(fields, where);
    if (fields.event === 'code') return this.#code(text, fields.time, where);
    if (fields.event === 'cost') {
      const cost = readCost(text);
      return cost === null ? BROKEN : { kind: 'cost', cost };
    }
    if (fields.event === 'seen') return this.#seen(text, fields.time, where);
    const isCall = fields.call !== '' || !Number.isNaN(fields.number);
    if (fields.event === '' && !isCall) return /^ts=/.test(text) ? BROKEN : OTHER;
    if (fields.event === 'tcp' || fields.event === 'reset') return this.#socketState(fields, where);
    const tid = Number.isNaN(fields.tid) ? fields.pid : fields.tid;
    if (Number.isNaN(fields.time) || !(tid <= MOST_TID) || fields.pid > MOST_TID)
      return fields.event === '' && fields.raw === '' ? OTHER : BROKEN;
    const pid = Number.isNaN(fields.pid) ? tid : fields.pid;
    const time = this.#axis.at(fields.time);
    if (Number.isNaN(time)) return BROKEN;
    if (fields.event === 'signal' && fields.result !== IGNORED) {
      this.#sent.sent(signalOf(fields), Number(fields.others.get('to')), pid);
      return SILENT;
    }
    const waiting =
      fields.event === ''
        ? this.#call(fields, { time, tid, pid, where })
        : fields.event === 'fail'
          ? this.#failed(fields, { time, tid, pid, where })
          : event(fields, { time, tid, pid, where }, this.#sent);
    return waiting === null ? BROKEN : { kind: 'waiting', waiting };
  }

  /** A call that was still running at the end: `@in[4711]: (1422085065189, 232, 7, 0, 64, 1000)`. */
  inFlight(tid: number, numbers: readonly string[]): CallFacts | null {
    const [stamp = '', number = '', ...args] = numbers;
    const name = syscallName(this.machine, Number(number));
    if (name === '' || !/^\d{1,20}$/.test(stamp) || !(tid > 0 && tid <= MOST_TID)) return null;
    const start = this.#axis.at(Number(stamp));
    if (Number.isNaN(start)) return null;
    const raw = args.map((arg) => (/^-?\d{1,20}$/.test(arg) ? BigInt.asUintN(64, BigInt(arg)).toString(16) : '0'));
    return this.#open(name, start, { raw, data: '', value: 0 });
  }

  /** A call that began before the capture, which began at `stamp`; null when it cannot be named, or that cannot be. */
  earlier({ number, raw, data }: EarlierCall, stamp: number): CallFacts | null {
    const name = syscallName(this.machine, number);
    const start = this.#axis.at(stamp);
    if (name === '' || Number.isNaN(start)) return null;
    const args = rawWith(syscall(name), raw, data);
    // Without a result, sizes are those that the arguments ask for.
    return this.#open(name, start, { raw: args, data, value: -1 });
  }

  /** The same call with what the map does not hold, where somebody looked at it afterwards: its set, its time limit. */
  completed(facts: CallFacts, { number, raw, data }: EarlierCall): CallFacts {
    if (data === '' || syscallName(this.machine, number) !== facts.syscall.name) return facts;
    return { ...facts, raw: rawWith(facts.syscall, raw, data), data };
  }

  /** Whether drover's programs trace the call of that number, as they do with all in which threads wait. */
  traces(number: number): boolean {
    const name = syscallName(this.machine, number);
    return name !== '' && !UNTRACED.has(syscall(name).family);
  }

  #open(name: string, start: Nanoseconds, told: Pick<CallFacts, 'raw' | 'data' | 'value'>): CallFacts {
    const called = syscall(name);
    return {
      ...told,
      syscall: called,
      start,
      end: start,
      duration: UNKNOWN,
      result: Number.NaN,
      error: '',
      fd: called.takesDescriptor ? lowInteger(told.raw[0]) : -1,
      inFlight: true,
      eventBytes: this.#eventBytes,
      words: null,
    };
  }

  get #eventBytes(): number {
    return this.machine === 'x86-64' ? 12 : 16;
  }

  #seen(text: string, stamp: number, where: Where): LineMeaning {
    const sight = readSight(text);
    const seenAt = this.#axis.at(stamp);
    if (sight === null || Number.isNaN(seenAt)) return BROKEN;
    return { kind: 'waiting', waiting: { kind: 'observed', seenAt, where, sight } };
  }

  /** A write that failed, as `watch.bt` tells it. */
  #failed(fields: LineFields, { time, tid, pid, where }: Place): Waiting | null {
    const call = syscallName(this.machine, fields.number);
    const error = outcomeOf(fields)?.error ?? '';
    if (call === '' || error === '') return null;
    return { kind: 'noted', seenAt: time, tid, pid, where, start: time, length: UNKNOWN, call, error };
  }

  #code(text: string, stamp: number, where: Where): LineMeaning {
    const sample = readCodeSample(text);
    const seenAt = this.#axis.at(stamp);
    if (sample === null || Number.isNaN(seenAt)) return BROKEN;
    return { kind: 'waiting', waiting: { kind: 'sampled', seenAt, where, sample } };
  }

  #socketState({ event, time, peer, others }: LineFields, where: Where): LineMeaning {
    const seenAt = this.#axis.at(time);
    const port = Number(others.get('port'));
    const change = `${others.get('old')} ${others.get('new')}`;
    const state = event === 'reset' ? 'reset' : change === '3 1' ? 'established' : change === '1 8' ? 'closed' : null;
    const address = /^\[(?:::ffff:)?([0-9a-f:.]{2,40})\]:(\d{1,5})$/i.exec(peer);
    if (state === null || Number.isNaN(seenAt) || address === null || !(port > 0 && port <= 65_535)) return BROKEN;
    const [, host = '', peerPort = ''] = address;
    const name = host.includes(':') ? `[${host}]:${peerPort}` : `${host}:${peerPort}`;
    return { kind: 'waiting', waiting: { kind: 'socket-state', seenAt, where, state, port, peer: name } };
  }

  #call(fields: LineFields, { time, tid, pid, where }: Place): Waiting | null {
    const name = fields.call === '' ? syscallName(this.machine, fields.number) : knownSyscall(fields.call);
    if (name === '') return null;
    const outcome = outcomeOf(fields);
    if (outcome === null || fields.duration > LONGEST_CAPTURE) return null;
    const called = syscall(name);
    const duration = Number.isNaN(fields.duration) ? UNKNOWN : fields.duration;
    const raw = fields.raw === '' ? [] : fields.raw.split(',', 6);
    if (raw.some((argument) => !/^[0-9a-f]{1,16}$/.test(argument))) return null;
    const end = time + Math.max(0, duration);
    const named = Number.isNaN(fields.fd)
      ? called.takesDescriptor && raw.length > 0
        ? lowInteger(raw[0])
        : -1
      : fields.fd;
    // AT_FDCWD, and what is no descriptor number at all.
    const fd = named >= 0 && named <= MOST_TID ? named : -1;
    const facts: CallFacts = {
      syscall: called,
      start: time,
      end,
      duration,
      ...outcome,
      fd,
      inFlight: false,
      raw,
      data: fields.data.slice(0, LONGEST_DATA),
      eventBytes: this.#eventBytes,
      words: raw.length > 0 ? null : wordsOf(fields, fd),
    };
    const scheduling = fields.sched === '' ? null : schedulingOf(fields.sched);
    return { kind: 'call', seenAt: end, tid, pid, where, facts, comm: fields.comm, scheduling };
  }
}

/** Where drover's programs have the set that select was given the kernel has its size. */
function rawWith({ family }: Syscall, raw: readonly string[], data: string): readonly string[] {
  return family === 'select' ? [uint64(rawBytes(data)).toString(16), ...raw.slice(1)] : raw;
}

function earlier({ pid, tid, number, raw, data, time: stamp }: LineFields, where: Where): LineMeaning {
  const args = raw === '' ? [] : raw.split(',', 6);
  const isThread = tid > 0 && tid <= MOST_TID && pid > 0 && pid <= MOST_TID;
  if (!isThread || !(number >= 0) || args.some((argument) => !/^[0-9a-f]{1,16}$/.test(argument))) return BROKEN;
  return { kind: 'earlier', call: { tid, pid, number, raw: args, data: data.slice(0, LONGEST_DATA), stamp, where } };
}

interface Place {
  readonly time: Nanoseconds;
  readonly tid: number;
  readonly pid: number;
  readonly where: Where;
}

function signalOf(fields: LineFields): string {
  return signalName(Number(fields.others.get('sig')));
}

function event(fields: LineFields, { time, tid, pid, where }: Place, sent: SentSignals): Waiting | null {
  const number = Number(fields.others.get('sig'));
  const signal = signalOf(fields);
  switch (fields.event) {
    case 'turn': {
      const length = fields.duration;
      if (!(length >= 0 && length <= LONGEST_CAPTURE)) return null;
      return { kind: 'noted', seenAt: time + length, tid, pid, where, start: time, length, call: '', error: '' };
    }
    case 'exit': {
      // exit_group and exit never return: what they were given is the status.
      const status = /^[0-9a-f]{1,16}$/.test(fields.raw) && fields.number > 0 ? lowInteger(fields.raw) & 0xff : null;
      return { kind: 'exit', seenAt: time, tid, pid, where, status };
    }
    case 'signal': {
      const to = Number(fields.others.get('to'));
      if (!(number > 0) || !(to > 0)) return null;
      return {
        kind: 'signal',
        seenAt: time,
        tid: to,
        pid: to === tid ? pid : to,
        where,
        signal,
        info: `si_signo=${signal}`,
        isIgnored: true,
        isFatal: false,
      };
    }
    case 'deliver': {
      if (!(number > 0)) return null;
      const isFatal = fields.others.get('handler') === '0' && !HARMLESS.has(signal);
      return {
        kind: 'signal',
        seenAt: time,
        tid,
        pid,
        where,
        signal,
        info: sent.info(signal, Number(fields.others.get('code') ?? Number.NaN), tid, pid),
        isIgnored: false,
        isFatal,
      };
    }
    default:
      return null;
  }
}

/** `0,0,40620847,18117,1`. */
function schedulingOf(printed: string): SchedulingFacts | null {
  if (!/^\d{1,18}(?:,\d{1,18}){4}$/.test(printed)) return null;
  const numbers = printed.split(',').map(Number);
  if (numbers.some((number) => number > LONGEST_CAPTURE)) return null;
  const [blockedBefore = 0, queuedBefore = 0, blocked = 0, queued = 0, wakeUps = 0] = numbers;
  return { blockedBefore, queuedBefore, blocked, queued, wakeUps };
}

function outcomeOf({ result, error, number }: LineFields): Pick<CallFacts, 'result' | 'error' | 'value'> | null {
  if (/^E[A-Z0-9_]{2,30}$/.test(error)) return { result: -1, error, value: -errorNumber(error) || -1 };
  if (!/^-?\d{1,20}$/.test(result))
    return result === '' && Number.isNaN(number) ? { result: Number.NaN, error: '', value: 0 } : null;
  const value = Number(result);
  if (value >= 0 || value < -4_095) return { result: value, error: '', value };
  const name = errorName(-value);
  // The kernel's own codes for a call that it will begin again: strace prints `?`.
  return { result: value <= -512 && value >= -516 ? Number.NaN : -1, error: name, value };
}

/** Arguments from the keys of a hand-written line: `fd=5 peer=10.0.0.7:80 data=GET /`. */
function wordsOf({ args, peer, data, hasData }: LineFields, fd: number): string {
  if (args !== '') return args;
  const parts = fd >= 0 ? [String(fd)] : [];
  if (peer !== '') parts.push(addressText(peer));
  if (hasData) parts.push(`"${data.replace(/"/g, '\\"')}"`);
  return parts.join(', ');
}

function lowInteger(hex: string | undefined): number {
  return Number.parseInt((hex ?? '0').slice(-8), 16) | 0;
}
