import { ThreadLines } from './thread-lines.ts';

/** A call or another line of one thread. Times are microseconds since the start of the capture. */
export interface TracedEvent {
  readonly tid: number;
  readonly start: number;
  /** null: the call is still running when the capture ends. */
  readonly end: number | null;
  /** What strace prints at the entry, `accept4(5<socket:[4711]>, `, or a whole line that is no call. */
  readonly entered: string;
  /** What it adds at the exit, `0x7ffd5840, [16], SOCK_CLOEXEC)`; null for lines that are no calls. */
  readonly left: string | null;
  /** `-1 EAGAIN (Resource temporarily unavailable)`. */
  readonly result: string;
}

/** How the trace is printed: `-ttt`, `-tt`, `-t` or no stamps, `-T` or not, `-f` or not. */
export interface TraceStyle {
  readonly stamps: 'epoch' | 'clock' | 'seconds' | 'none';
  readonly durations: boolean;
  readonly pids: boolean;
}

/** 2026-11-20 02:13:20 UTC. */
export const ORIGIN_SECONDS = 1_795_140_800;
const USUAL: TraceStyle = { stamps: 'epoch', durations: true, pids: true };
/** strace puts the `=` of short calls there. */
const RESULT_COLUMN = 40;

/**
 * Writes a trace in the shape of `strace -f -ttt -T -y -o FILE`. Threads are written one after the other; `text` puts
 * their lines in order of time and splits a call in two halves where another line falls between its entry and its exit,
 * as strace does.
 */
export class TraceLines {
  readonly #events: TracedEvent[] = [];
  readonly #threads = new Map<number, ThreadLines>();
  #inode = 50_000;

  /** The thread of that number; its clock goes on where it was. */
  thread(tid: number): ThreadLines {
    const known = this.#threads.get(tid);
    if (known !== undefined) return known;
    const made = new ThreadLines(tid, this);
    this.#threads.set(tid, made);
    return made;
  }

  /** Another life under a tid whose thread ended. */
  reborn(tid: number): ThreadLines {
    this.#threads.delete(tid);
    return this.thread(tid);
  }

  add(event: TracedEvent): void {
    this.#events.push(event);
  }

  newInode(): number {
    return this.#inode++;
  }

  text(style: Partial<TraceStyle> = {}): string {
    return linesOf(this.#events, { ...USUAL, ...style }).join('');
  }
}

interface Moment {
  readonly at: number;
  readonly event: TracedEvent;
  readonly isExit: boolean;
}

function linesOf(events: readonly TracedEvent[], style: TraceStyle): string[] {
  const moments = events.flatMap((event): Moment[] => {
    const entry = { at: event.start, event, isExit: false };
    return event.left === null || event.end === null ? [entry] : [entry, { at: event.end, event, isExit: true }];
  });
  moments.sort((a, b) => a.at - b.at);
  const lines: string[] = [];
  for (let i = 0; i < moments.length; i++) {
    const { event, at, isExit } = moments[i] as Moment;
    const head = `${style.pids ? `${String(event.tid).padEnd(5)} ` : ''}${stampOf(at, style.stamps)}`;
    const isWhole = moments[i + 1]?.event === event;
    if (isExit) lines.push(finished(`${head}<... ${nameOf(event)} resumed>`, event, style));
    else if (event.left === null) lines.push(`${head}${event.entered}\n`);
    else if (!isWhole) lines.push(`${head}${event.entered} <unfinished ...>\n`);
    else {
      lines.push(finished(`${head}${event.entered}`, event, style));
      i++;
    }
  }
  return lines;
}

function nameOf({ entered }: TracedEvent): string {
  return entered.slice(0, entered.indexOf('('));
}

function finished(begun: string, { start, end, left, result }: TracedEvent, { durations }: TraceStyle): string {
  const duration = durations ? ` <${(((end ?? start) - start) / 1e6).toFixed(6)}>` : '';
  return `${`${begun}${left} `.padEnd(RESULT_COLUMN)}= ${result}${duration}\n`;
}

function stampOf(at: number, stamps: TraceStyle['stamps']): string {
  if (stamps === 'none') return '';
  const seconds = ORIGIN_SECONDS + Math.floor(at / 1e6);
  const micros = String(at % 1e6).padStart(6, '0');
  if (stamps === 'epoch') return `${seconds}.${micros} `;
  const clock = new Date(seconds * 1000).toISOString().slice(11, 19);
  return stamps === 'clock' ? `${clock}.${micros} ` : `${clock} `;
}
