import type { RequestImports } from '../../model/topics/loading/request-imports.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { Context } from '../detector.ts';

/** Without what the tracer added to each of the many short calls of an import. */
export function corrected({ model }: Context, { time, calls }: RequestImports): Nanoseconds {
  return Math.max(0, time - calls * model.calibration.floor);
}
