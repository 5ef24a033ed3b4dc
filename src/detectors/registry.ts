import { abandonedRequest } from './abandoned-request/detector.ts';
import { acceptDelay } from './accept-delay/detector.ts';
import { acceptErrors } from './accept-errors/detector.ts';
import { acceptHoarding } from './accept-hoarding/detector.ts';
import { acceptSkew } from './accept-skew/detector.ts';
import { backlogOverflow } from './backlog-overflow/detector.ts';
import { blockingDns } from './blocking-dns/detector.ts';
import { brokenPipe } from './broken-pipe/detector.ts';
import { busyPoll } from './busy-poll/detector.ts';
import type { DetectorDefinition } from './detector.ts';
import { diskSync } from './disk-sync/detector.ts';
import { epollChurn } from './epoll-churn/detector.ts';
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
import { strandedQueue } from './stranded-queue/detector.ts';
import { thunderingHerd } from './thundering-herd/detector.ts';
import { workerSaturation } from './worker-saturation/detector.ts';

/** Every detector, in the order in which findings of equal weight are read: what stops the service first. */
export const detectors: readonly DetectorDefinition[] = [
  serviceStall,
  acceptErrors,
  acceptDelay,
  backlogOverflow,
  workerSaturation,
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
];
