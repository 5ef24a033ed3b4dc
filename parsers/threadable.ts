import type { TraceFormat } from './format.ts';
import { straceFormat } from './strace/format.ts';

/**
 * The formats of the registry with `isThreadable`: all that the thread of a parser loads. Modules of formats that it
 * never reads cost each start of it 10 ms.
 */
export const threadableFormats: readonly TraceFormat[] = [straceFormat];
