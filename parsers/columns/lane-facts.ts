import type { Exit, Frame, Lost, Notice, Observed, Printed, Sampled, Signal } from '../../src/trace/record.ts';

/** What is new about a lane: it appeared, got its number, or changed its name. */
export interface LaneFacts {
  readonly index: number;
  readonly tid: number;
  readonly comm: string;
}

/** A record that is no call, with its lane by index. */
export type OtherRecord =
  | Cloned<Signal>
  | Cloned<Exit>
  | Cloned<Notice>
  | Cloned<Frame>
  | Cloned<Lost>
  | Cloned<Printed>
  | Cloned<Sampled>
  | ClonedSight;
/** It names two lanes. */
type ClonedSight = Omit<Observed, 'lane' | 'leader'> & { readonly lane: number; readonly leader: number };
type Cloned<Record> = Record extends { readonly lane: unknown }
  ? Omit<Record, 'lane'> & { readonly lane: number }
  : Record;
