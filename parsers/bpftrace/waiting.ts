import type { Nanoseconds } from '../../src/trace/time.ts';
import type { PrintedSample } from '../text/code-line.ts';
import type { Where } from '../text/line-parser.ts';
import type { Sight } from '../text/sight-line.ts';
import type { CallFacts, SchedulingFacts } from '../timeline/printed-call.ts';
import type { WatchedSecond } from './watched.ts';

/**
 * What a line said, until its turn comes: whose it is decides itself only then, since numbers of threads are used
 * again.
 */
export type Waiting =
  | {
      readonly kind: 'call';
      readonly seenAt: Nanoseconds;
      readonly tid: number;
      readonly pid: number;
      readonly where: Where;
      readonly facts: CallFacts;
      readonly comm: string;
      /** What `sched=` says; null without it. */
      readonly scheduling: SchedulingFacts | null;
    }
  | {
      readonly kind: 'signal';
      readonly seenAt: Nanoseconds;
      readonly tid: number;
      readonly pid: number;
      readonly where: Where;
      readonly signal: string;
      readonly info: string;
      readonly isIgnored: boolean;
      /** The process has no handler and does not ignore it: it ends by it. */
      readonly isFatal: boolean;
    }
  | {
      readonly kind: 'exit';
      readonly seenAt: Nanoseconds;
      readonly tid: number;
      readonly pid: number;
      readonly where: Where;
      readonly status: number | null;
    }
  | {
      readonly kind: 'noted';
      readonly seenAt: Nanoseconds;
      readonly tid: number;
      readonly pid: number;
      readonly where: Where;
      readonly start: Nanoseconds;
      readonly length: Nanoseconds;
      readonly call: string;
      readonly error: string;
    }
  | {
      readonly kind: 'socket-state';
      readonly seenAt: Nanoseconds;
      readonly where: Where;
      readonly state: 'established' | 'closed' | 'reset';
      readonly port: number;
      readonly peer: string;
    }
  | { readonly kind: 'observed'; readonly seenAt: Nanoseconds; readonly where: Where; readonly sight: Sight }
  | { readonly kind: 'sampled'; readonly seenAt: Nanoseconds; readonly where: Where; readonly sample: PrintedSample }
  | { readonly kind: 'watched'; readonly seenAt: Nanoseconds; readonly where: Where; readonly second: WatchedSecond }
  | { readonly kind: 'lost'; readonly seenAt: Nanoseconds; readonly count: number };
