import type { TraceRecord } from '../trace/record.ts';
import { type Nanoseconds, UNKNOWN } from '../trace/time.ts';

/**
 * When a record became known to the tracer: a call at its exit. Null for records that belong to the one before them.
 */
export function timeOf(record: TraceRecord): Nanoseconds | null {
  switch (record.kind) {
    case 'call':
      return record.end;
    case 'signal':
    case 'exit':
    case 'membership':
    case 'watched':
    case 'observed':
    case 'sampled':
    case 'scheduling':
    case 'socket-state':
      return record.time;
    case 'lost':
      return record.time === UNKNOWN ? null : record.time;
    case 'count':
    case 'notice':
    case 'cost':
    case 'frame':
    case 'printed':
      return null;
  }
}
