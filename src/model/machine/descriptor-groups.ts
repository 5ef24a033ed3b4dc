import type { DescriptorKind } from './descriptor-kind.ts';

export const DESCRIPTOR_GROUPS = ['file', 'socket', 'pipe', 'event'] as const;
export type DescriptorGroup = (typeof DESCRIPTOR_GROUPS)[number];

/** What is asked of a descriptor that is counted. */
interface Counted {
  readonly kind: DescriptorKind;
  readonly seenOpening: boolean;
  readonly isReused: boolean;
  /** null where it is no client, and no listener. */
  readonly connection: object | null;
  readonly listener: object | null;
}

/**
 * The group in which a descriptor counts; null for clients, which open connections as they like, and for what was open
 * before the capture.
 */
export function groupOf(descriptor: Counted): DescriptorGroup | null {
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
