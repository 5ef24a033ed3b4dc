import type { TrackerType } from '../model/tracker.ts';
import { abandonedRequest } from './abandoned-request/detector.ts';
import { acceptDelay } from './accept-delay/detector.ts';
import { acceptErrors } from './accept-errors/detector.ts';
import { acceptHoarding } from './accept-hoarding/detector.ts';
import { acceptPaused } from './accept-paused/detector.ts';
import { acceptSkew } from './accept-skew/detector.ts';
import { backlogOverflow } from './backlog-overflow/detector.ts';
import { blockingDns } from './blocking-dns/detector.ts';
import { brokenPipe } from './broken-pipe/detector.ts';
import { busyPoll } from './busy-poll/detector.ts';
import { clientsRefused } from './clients-refused/detector.ts';
import type { DetectorDefinition, Threshold } from './detector.ts';
import { diskSync } from './disk-sync/detector.ts';
import { epollChurn } from './epoll-churn/detector.ts';
import { errorStorm } from './error-storm/detector.ts';
import { fdLeak } from './fd-leak/detector.ts';
import { forkThenLoad } from './fork-then-load/detector.ts';
import { gcIo } from './gc-io/detector.ts';
import { gilStarvation } from './gil-starvation/detector.ts';
import { heartbeatLate } from './heartbeat-late/detector.ts';
import { ineffectiveReuseport } from './ineffective-reuseport/detector.ts';
import { lazyImport } from './lazy-import/detector.ts';
import { lockContention } from './lock-contention/detector.ts';
import { loopStall } from './loop-stall/detector.ts';
import { requestRetry } from './request-retry/detector.ts';
import { serviceStall } from './service-stall/detector.ts';
import { sessionLock } from './session-lock/detector.ts';
import { slowDependency } from './slow-dependency/detector.ts';
import { slowRequest } from './slow-request/detector.ts';
import { strandedQueue } from './stranded-queue/detector.ts';
import { stuckCall } from './stuck-call/detector.ts';
import { thunderingHerd } from './thundering-herd/detector.ts';
import { workerDeath } from './worker-death/detector.ts';
import { workerSaturation } from './worker-saturation/detector.ts';

/**
 * Every detector, in the order in which findings of equal weight are read: what stops the service first. The one place
 * that names them all.
 */
const LIST = [
  serviceStall,
  stuckCall,
  workerDeath,
  errorStorm,
  acceptErrors,
  clientsRefused,
  acceptPaused,
  acceptDelay,
  backlogOverflow,
  workerSaturation,
  sessionLock,
  slowDependency,
  slowRequest,
  loopStall,
  heartbeatLate,
  gilStarvation,
  gcIo,
  strandedQueue,
  acceptHoarding,
  lockContention,
  blockingDns,
  diskSync,
  fdLeak,
  brokenPipe,
  abandonedRequest,
  requestRetry,
  busyPoll,
  lazyImport,
  forkThenLoad,
  thunderingHerd,
  acceptSkew,
  ineffectiveReuseport,
  epollChurn,
] as const;

type Listed = (typeof LIST)[number];
/** What a finding can be. */
export type Kind = Listed['kind'];
/** A name that `--threshold` takes. */
export type ThresholdName = { [Each in Listed as Each['kind']]: keyof Each['thresholds'] & string }[Kind];
/** A definition of the list, of which the kind is known. */
export type RegisteredDetector = DetectorDefinition<Kind>;

export const detectors: readonly RegisteredDetector[] = LIST;
export const KINDS: readonly Kind[] = LIST.map(({ kind }) => kind);
/**
 * Every number that a detector judges by, by name. Each stands in the definition of the detector that it belongs to.
 */
export const THRESHOLDS = Object.assign({}, ...LIST.map(({ thresholds }) => thresholds)) as Readonly<
  Record<ThresholdName, Threshold>
>;

/** What the model follows for them. */
export const TRACKERS: readonly TrackerType[] = [...new Set(detectors.flatMap(({ trackers = [] }) => trackers))];

const BY_KIND: ReadonlyMap<Kind, RegisteredDetector> = new Map(
  detectors.map((definition) => [definition.kind, definition]),
);

/** The definition of a kind. */
export function definitionOf(kind: Kind): RegisteredDetector {
  const definition = BY_KIND.get(kind);
  if (definition === undefined) throw new Error(`no detector of the kind ${kind}`);
  return definition;
}

/** Whether somebody named a threshold that there is. */
export function isThreshold(name: string): name is ThresholdName {
  return Object.hasOwn(THRESHOLDS, name);
}
