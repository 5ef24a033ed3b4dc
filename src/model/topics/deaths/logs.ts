import type { Call } from '../../../trace/record.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import { PerDescriptor } from '../../machine/owned-state.ts';
import type { Thread } from '../../machine/thread.ts';

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;
/** Who writes at places of its own choice writes no log. */
const PLAIN_WRITES: ReadonlySet<string> = new Set(['write', 'writev']);
const NAMED_AS_LOG = /\.(?:log|err|out)(?:\.\d+)?$|[-_]log$|\/logs?\//;

/** Files that were opened to append, or are named as logs are. */
const logs = new PerDescriptor<boolean>();

/**
 * A file was opened: what is appended to may be a log, whatever its name. Who has accepted clients has no log that
 * `logOf` reads, and may open thousands of files a second.
 */
export function noteLog(call: Call, { process }: Thread, descriptor: Descriptor): void {
  if (descriptor.kind !== 'file' || process.accepted > 0) return;
  if (call.arguments.has('O_APPEND')) logs.set(descriptor, true);
}

/**
 * Where a write of this thread may tell people what failed: '' for its standard output and error, the name of a log of
 * a process that has not served; null where it is data.
 */
export function logOf({ fd, syscall }: Call, { process, hasServed }: Thread): string | null {
  if (fd === STANDARD_OUTPUT || fd === STANDARD_ERROR) return '';
  if (fd < 0 || process.accepted > 0 || hasServed || !PLAIN_WRITES.has(syscall.name)) return null;
  const descriptor = process.descriptors.get(fd);
  if (descriptor?.kind !== 'file') return null;
  const isLog = logs.of(descriptor) ?? logs.set(descriptor, NAMED_AS_LOG.test(descriptor.label));
  return isLog ? descriptor.label : null;
}
