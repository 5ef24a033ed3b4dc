import { codeWord } from '../../trace/code-words.ts';
import { serverOfComm } from '../../trace/server-names.ts';
import type { CodeSight } from './code/code-watch.ts';
import type { CostReading } from './cost-meter.ts';
import type { Held, ProcessSight, QueueStay, ThreadSight } from './sights.ts';
import { isAddress } from './waiting.ts';

/** What tells the two kinds of captures apart where drover adds lines of its own. */
export interface SightNotation {
  /** Stands in front of each line. */
  readonly prefix: string;
  /** A moment of the watch, nanoseconds, as the capture prints times. */
  readonly stamp: (at: number) => string;
}

/** Nothing was traced before this moment: of what lasts longer the part before it is told on its own. */
interface SightOptions {
  readonly notation: SightNotation;
  readonly from: number;
  /** Which queue of its listeners counts: that of this moment, or the longest of the capture. */
  readonly queue?: 'now' | 'longest';
}

/** One look that found somebody in a queue may have found who was about to be accepted. */
const LEAST_QUEUED = 0.9e9;

/**
 * What the watch saw of each thread, as `event=seen` lines behind a capture: who is there, and what those that made no
 * call were in all the time.
 */
export function sightLines(
  processes: readonly ProcessSight[],
  { notation, from, queue = 'longest' }: SightOptions,
): string {
  return processes
    .flatMap((process) =>
      process.threads.flatMap((thread) => [
        ...stuckBefore(process, thread, notation, from),
        lineOf(
          process,
          thread,
          notation,
          from,
          thread.tid === process.pid ? queued(process.queues?.[queue] ?? null, thread.at, from) : '',
        ),
      ]),
    )
    .join('');
}

/** It was stuck when the capture began, and has come back: the tracer tells neither that nor in what, as a rule. */
function stuckBefore(
  process: ProcessSight,
  thread: ThreadSight,
  notation: SightNotation,
  from: number,
): readonly string[] {
  const stay = thread.stuckAtFirst;
  // In a ring the beginning may be gone.
  if (stay === null || stay.at <= from) return [];
  const line = lineOf({ ...process, clients: stay.clients }, { ...thread, ...stay }, notation, from);
  return [line.replace(' comm=', ' over=1 comm=')];
}

function lineOf(
  { pid, parent, name, server = '', clients, hasRing }: ProcessSight,
  { tid, call, held, holder, target, isOfClient, since, at, ran }: ThreadSight,
  { prefix, stamp }: SightNotation,
  from: number,
  queue = '',
): string {
  const began = Math.min(at, Math.max(since, from));
  // Of time before the capture nobody knows how much of it was used then.
  const used = ran < 0 ? '' : ` ran=${Math.round(Math.min(ran, at - began))}`;
  const what = `${call === '' ? '-' : call}${heldBy(held, holder)}`;
  // Who computes may have come to a wait between two looks; who has not run in its call has not.
  const earlier = call === '' && held === '' ? 0 : Math.round(began - since);
  const lasted = `for=${Math.round(at - began)}${earlier > 0 ? ` before=${earlier}` : ''}`;
  return (
    `${prefix}event=seen ts=${stamp(at)} ${lasted} pid=${pid} tid=${tid} parent=${parent} ` +
    `call=${what}${used}${clients < 0 ? '' : ` clients=${clients}`}${hasRing ? ' ring=1' : ''}${queue}` +
    `${isAddress(target) ? ` ${isOfClient ? 'of=client ' : ''}peer=${target}` : ''} comm=${plain(name)}` +
    `${serverWord(name, server)}\n`
  );
}

/** ` queue=3 queued=2000000000`, and ` unqueued=1000000000` where it was empty so long before the last look. */
function queued(stay: QueueStay | null, seenAt: number, from: number): string {
  // Looks from before the tracer worked count as well, with one of later.
  if (stay === null || stay.at <= from) return '';
  const length = Math.round(stay.at - stay.since);
  if (length < LEAST_QUEUED) return '';
  const ago = Math.round(seenAt - stay.at);
  return ` queue=${stay.least} queued=${length}${ago > 0 ? ` unqueued=${ago}` : ''}`;
}

function heldBy(held: Held, holder: number): string {
  if (held === '') return '';
  return ` held=${held}${holder === 0 ? '' : ` holder=${holder}`}`;
}

/** What tracing cost, as a line behind the sights. */
export function costLine({ lasted, tracer, drover, kernel }: CostReading, { prefix, stamp }: SightNotation): string {
  if (lasted <= 0) return '';
  const inKernel = kernel === null ? '' : ` kernel=${Math.round(kernel)}`;
  const at = stamp(Number(process.hrtime.bigint()));
  return (
    `${prefix}event=cost ts=${at} for=${Math.round(lasted)} tracer=${Math.round(tracer)} ` +
    `drover=${Math.round(drover)}${inKernel}\n`
  );
}

/** Who is called by its interpreter is named by what that runs. */
function serverWord(name: string, server: string): string {
  return server === '' || serverOfComm(name) !== '' ? '' : ` server=${plain(server.replace(/ .*/, ''))}`;
}

/** A process chooses its name: no blank of it may end the word. */
function plain(name: string): string {
  return name.replace(/[^\w.:@/+-]/g, '_') || '_';
}

/** What threads were seen to run, as `event=code` lines behind a capture. */
export function codeLines(seen: readonly CodeSight[], { prefix, stamp }: SightNotation): string {
  return seen
    .map(
      ({ pid, tid, from, at, by, frames }) =>
        `${prefix}event=code ts=${stamp(at)} took=${Math.round(at - from)} pid=${pid} tid=${tid} by=${by} ` +
        `frames=${codeWord(frames)}\n`,
    )
    .join('');
}
