import type { Call } from '../../trace/record.ts';
import type { Descriptor } from './descriptors.ts';
import type { Process } from './process.ts';

/** What a call was made on: its descriptor, or the first that a poll or select looks at; `fd` is -1 without one. */
export function waitedOn(
  call: Call,
  { descriptors }: Pick<Process, 'descriptors'>,
): { readonly fd: number; readonly descriptor: Descriptor | undefined } {
  const { family, takesDescriptor } = call.syscall;
  const isSet = family === 'poll' || family === 'select';
  const fd = isSet ? (call.arguments.polled()[0] ?? -1) : takesDescriptor ? call.fd : -1;
  return { fd, descriptor: fd < 0 ? undefined : descriptors.get(fd) };
}
