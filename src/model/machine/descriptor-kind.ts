/** What a descriptor is open on, as far as the trace tells. */
export type DescriptorKind =
  | 'unknown'
  | 'socket'
  | 'datagram'
  | 'listener'
  | 'connection'
  | 'epoll'
  | 'pipe'
  | 'event'
  | 'file'
  | 'device';
