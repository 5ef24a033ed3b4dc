import type { FactHandlers } from '../model/fact-bus.ts';
import type { Model } from '../model/model.ts';
import type { Conclusion, Kind } from './finding.ts';
import type { ThresholdName } from './thresholds.ts';

/** What the lines of the capture can tell. */
export interface Capabilities {
  readonly times: boolean;
  /** Nanoseconds between two distinguishable times. */
  readonly resolution: number;
  readonly durations: boolean;
  readonly pids: boolean;
  /** What recorded it: `strace` stretches what it records, others do so less. */
  readonly format: string;
}

export interface Context {
  readonly model: Model;
  readonly capabilities: Capabilities;
  threshold(name: ThresholdName): number;
}

export interface Detector {
  readonly on: FactHandlers;
  /** The verdict so far. May be asked more than once; changes nothing. */
  conclude(): Conclusion;
}

export interface DetectorDefinition {
  readonly kind: Kind;
  /** States the problem, present tense. */
  readonly title: string;
  readonly thresholds: readonly ThresholdName[];
  create(context: Context): Detector;
}
