import type { Audience } from '../audience.ts';
import type { Completeness } from '../machine/completeness.ts';
import type { Listeners } from '../machine/listeners.ts';
import type { Processes } from '../machine/processes.ts';
import type { TrackerContext } from '../tracker.ts';

/** What those who follow the machine are made with: they change it, and say what happens to whoever hears of it. */
export interface FollowerContext extends TrackerContext {
  readonly processes: Processes;
  readonly listeners: Listeners;
  readonly audience: Audience;
  readonly completeness: Completeness;
}
