import type { Worker } from './report.ts';

/** Requests that processes served, or connections where requests cannot be read. */
export function servedBy(workers: readonly Pick<Worker, 'requests' | 'accepted'>[]): number {
  const requests = workers.reduce((sum, worker) => sum + worker.requests, 0);
  const accepted = workers.reduce((sum, worker) => sum + worker.accepted, 0);
  return Math.max(requests, accepted);
}
