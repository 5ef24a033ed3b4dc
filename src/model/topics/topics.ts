import type { Tracker, TrackerContext } from '../tracker.ts';
import { DeathTracker } from './deaths/death-tracker.ts';
import { DependencyTracker } from './dependencies/dependency-tracker.ts';
import { DiskTracker } from './disk/disk-tracker.ts';
import { FailureTracker } from './failures/failure-tracker.ts';
import { DescriptorCensus } from './leaks/descriptor-census.ts';
import { LivenessTracker } from './liveness/liveness-tracker.ts';
import { ModuleTracker } from './loading/module-tracker.ts';
import { FutexWords } from './locks/futex-words.ts';
import { SharedLocks } from './locks/shared-locks.ts';
import { NameLookups } from './names/name-lookups.ts';
import { RoundsTracker } from './spin/rounds-tracker.ts';
import { SpinTracker } from './spin/spin-tracker.ts';
import { StackTracker } from './stacks/stack-tracker.ts';

/** The trackers of all topics, in the order in which they hear of things. None depends on another. */
export const TOPICS: readonly (new (context: TrackerContext) => Tracker)[] = [
  StackTracker,
  SharedLocks,
  FutexWords,
  NameLookups,
  ModuleTracker,
  DescriptorCensus,
  DiskTracker,
  LivenessTracker,
  SpinTracker,
  RoundsTracker,
  DeathTracker,
  FailureTracker,
  DependencyTracker,
];
