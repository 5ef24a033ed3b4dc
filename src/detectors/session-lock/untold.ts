import type { Model } from '../../model/model.ts';
import { SessionTracker } from '../../model/topics/sessions/session-tracker.ts';

/** The databases whose statements are read. */
const DATABASES: ReadonlySet<string> = new Set(['PostgreSQL', 'MySQL', 'MariaDB']);

/**
 * The database that served clients whose statements the capture does not hold, as those of `perf trace` and of TLS do
 * not; '' for none. Whether one of them waited for a lock is unknown.
 */
export function untoldDatabase(model: Model): string {
  if (model.topic(SessionTracker).statements > 0) return '';
  return model.processes.all().find(({ server, requests }) => DATABASES.has(server) && requests > 0)?.server ?? '';
}
