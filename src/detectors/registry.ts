import { abandonedRequest } from './abandoned-request/detector.ts';
import { acceptErrors } from './accept-errors/detector.ts';
import { acceptSkew } from './accept-skew/detector.ts';
import { blockingDns } from './blocking-dns/detector.ts';
import { brokenPipe } from './broken-pipe/detector.ts';
import type { DetectorDefinition } from './detector.ts';
import { diskSync } from './disk-sync/detector.ts';
import { fdLeak } from './fd-leak/detector.ts';
import { gilStarvation } from './gil-starvation/detector.ts';
import { heartbeatLate } from './heartbeat-late/detector.ts';
import { lockContention } from './lock-contention/detector.ts';
import { loopStall } from './loop-stall/detector.ts';
import { requestRetry } from './request-retry/detector.ts';
import { serviceStall } from './service-stall/detector.ts';
import { thunderingHerd } from './thundering-herd/detector.ts';
import { workerSaturation } from './worker-saturation/detector.ts';

/** Every detector, in the order in which findings of equal weight are read: what stops the service first. */
export const detectors: readonly DetectorDefinition[] = [
  serviceStall,
  acceptErrors,
  workerSaturation,
  loopStall,
  heartbeatLate,
  gilStarvation,
  lockContention,
  blockingDns,
  diskSync,
  fdLeak,
  brokenPipe,
  abandonedRequest,
  requestRetry,
  thunderingHerd,
  acceptSkew,
];
