import type { Nanoseconds } from '../../trace/time.ts';
import type { KeptLine } from '../evidence.ts';
import type { Descriptor } from './descriptors.ts';

/** The long call in which the tracer found a thread when it came, and which came back in the capture. */
export interface FirstStay {
  call: string;
  readonly since: Nanoseconds;
  readonly until: Nanoseconds;
  /** What it was made on; null where nothing tells. */
  descriptor: Descriptor | null;
  /** A wait of which strace does not tell what for: what the thread reads next was ready. */
  isUntold: boolean;
  /** It brought the answer of an HTTP server, so that the other end is no client. */
  isAnswer: boolean;
  readonly line: KeptLine;
}
