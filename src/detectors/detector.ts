import type { FactHandlers } from '../model/fact-bus.ts';
import type { Model } from '../model/model.ts';
import type { TrackerType } from '../model/tracker.ts';
import type { Capabilities } from './capabilities.ts';
import type { Effect } from './effect.ts';
import type { Conclusion } from './finding.ts';
import type { AnyMetrics, Shapes, ValuesOf } from './metric.ts';
import type { Need } from './need.ts';

export interface Context {
  readonly model: Model;
  readonly capabilities: Capabilities;
  /** The capture goes on: what has not come back by now is spoken of as it is now, and not as it was at the end. */
  readonly goesOn: boolean;
  /** The value of a threshold that the definition declares or uses; throws for any other name. */
  threshold(name: string): number;
}

/** A number that a detector judges by. Users set it with `--threshold NAME=VALUE`. */
export interface Threshold {
  readonly default: number;
  readonly unit: string;
  readonly meaning: string;
}

/**
 * Which metrics of a finding say how much there is of its trouble, for a comparison with another capture: of what is
 * told anew each time (`count`) how often, how long in all (milliseconds) and at most; of what is a state its share.
 * `peers.waits` is that of all in the list `peers`.
 */
export interface Measures {
  readonly count?: string;
  readonly totalMs?: string;
  readonly longestMs?: string;
  /** 0 to 1. */
  readonly share?: string;
}

/** A detector at work on one trace. */
export interface Detector<Values extends AnyMetrics = AnyMetrics> {
  readonly on: FactHandlers;
  /**
   * The verdict so far. May be asked at any time and more than once; changes nothing: what still waits for later
   * records is looked at in a copy.
   */
  conclude(): Conclusion<Values>;
}

/**
 * Everything that there is to know about a detector without running it. Lists, schema, order and links are made from
 * it.
 */
export interface DetectorDefinition<
  Kind extends string = string,
  Thresholds extends Readonly<Record<string, Threshold>> = Readonly<Record<string, Threshold>>,
  Fields extends Shapes = Shapes,
> {
  readonly kind: Kind;
  /** States the problem, present tense. */
  readonly title: string;
  /** Without these the runner answers `not-applicable`, and says how to record them. */
  readonly needs: readonly Need[];
  /** The thresholds that are its own. */
  readonly thresholds: Thresholds;
  /** Thresholds of other detectors that it judges by as well. */
  readonly alsoUses?: readonly string[];
  /** Kinds that may be its cause, so that they are acted on first; `anywhere`: whatever worker they are about. */
  readonly follows?: { readonly kinds: readonly string[]; readonly anywhere: boolean };
  /** When it is an effect of another finding, and how it then reads; absent where it always is a cause of its own. */
  readonly effect?: Effect;
  /**
   * Kinds that it is linked with when both are about one process, even if nothing else connects them. One of the two
   * names the other.
   */
  readonly linkedInProcess?: readonly string[];
  /**
   * Its findings say that event loops stand still: while they hold, others give what they have in `nextWhileStalled`.
   */
  readonly tellsStalls?: true;
  /** Each of its findings is about one worker: findings about two workers are two findings. */
  readonly perWorker?: true;
  /** It judges what goes on as well: a capture at work is asked for that more often than for all else. */
  readonly judgesOpen?: true;
  /** Its findings add up linked findings of this kind: what to do first is what the longest of those says. */
  readonly addsUp?: string;
  /**
   * It can judge a capture that holds no calls: counts of the kernel a second (`watched`), or a table of counts; its
   * needs do not matter there.
   */
  readonly judgesCounts?: 'watched' | 'tables';
  /** They tell the facts that it hears, or keep what it asks for. Detectors that name the same one share it. */
  readonly trackers?: readonly TrackerType[];
  /** The shape of each number that its findings carry. */
  readonly metrics: Fields;
  /** Absent where its metrics have the usual names: `count`, `totalMs`, `longestMs`. */
  readonly measures?: Measures;
  create(context: Context): Detector<ValuesOf<Fields>>;
}

/** Gives a definition the types of its own kind, thresholds and metrics. */
export function defineDetector<
  const Kind extends string,
  const Thresholds extends Readonly<Record<string, Threshold>>,
  Fields extends Shapes,
>(definition: DetectorDefinition<Kind, Thresholds, Fields>): DetectorDefinition<Kind, Thresholds, Fields> {
  return definition;
}
