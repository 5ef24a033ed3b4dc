import type { TraceFormat } from './format.ts';
import { straceFormat } from './strace/format.ts';

/**
 * The formats of the registry with `isThreadable`: all that the thread of a parser loads. The formats that it never
 * reads would be 36 modules more at each start.
 */
export const threadableFormats: readonly TraceFormat[] = [straceFormat];
