import type { Nanoseconds } from '../../trace/time.ts';

/** Takes the bytes of a file in order; they are valid during the call only. */
export type Write = (bytes: Uint8Array) => void;

/** What is said of a slice or a mark beside its name. */
export type Details = Readonly<Record<string, string | number | boolean>>;

/** A track: the number of it, whose process it belongs to, and the thread that it shows. */
export interface EncodedTrack {
  readonly number: number;
  readonly process: EncodedProcess;
  /** Of lanes, which show no thread, a number beyond those of threads. */
  readonly tid: number;
  readonly isThread: boolean;
}

export interface EncodedProcess {
  /** Not that of any track. */
  readonly number: number;
  /**
   * What stands for it in the file: the pid, or a number of its own where captures of several hosts were read; 0 for
   * none.
   */
  readonly pid: number;
}

/** An event as it stands in a file: text is masked, bounded and without control characters. */
export interface EncodedEvent {
  readonly name: string;
  readonly category: string;
  readonly details: Details;
  /** What other events have in common with it. */
  readonly flows: readonly number[];
}

/**
 * A form of timeline files. Times are nanoseconds of 0 and more. Slices of a track come nested and in the order of
 * their ends, so that of events at one moment the first that is written is the first.
 */
export interface TimelineEncoder {
  /** Names may be told again, when more is known. */
  process(process: EncodedProcess, name: string): void;
  track(track: EncodedTrack, name: string): void;
  begin(track: EncodedTrack, time: Nanoseconds, event: EncodedEvent): void;
  end(track: EncodedTrack, time: Nanoseconds): void;
  instant(track: EncodedTrack, time: Nanoseconds, event: EncodedEvent): void;
  /** The end of the file, with what is to be known of all of it; `track` is where to say it. */
  finish(track: EncodedTrack, details: Details): void;
}
