import type { Descriptor } from './descriptors.ts';

export const DESCRIPTOR_GROUPS = ['file', 'socket', 'pipe', 'event'] as const;
export type DescriptorGroup = (typeof DESCRIPTOR_GROUPS)[number];

/**
 * The group in which a descriptor counts; null for clients, which open connections as they like, and for what was open
 * before the trace.
 */
export function groupOf(descriptor: Descriptor): DescriptorGroup | null {
  if (!descriptor.seenOpening || descriptor.connection !== null || descriptor.listener !== null) return null;
  switch (descriptor.kind) {
    case 'file':
    case 'device':
      return 'file';
    case 'socket':
    case 'datagram':
      return descriptor.isReused ? null : 'socket';
    case 'pipe':
      return 'pipe';
    case 'event':
    case 'epoll':
      return 'event';
    default:
      return null;
  }
}
