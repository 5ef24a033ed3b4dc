/**
 * Looks at a scene (`NAME~LOOK`) that are not yet as they should be, and what is wrong. One that becomes right must
 * leave the list: the test says which.
 */
export const OPEN: ReadonlyMap<string, string> = new Map<string, string>([
  ['classic-fork~requests', 'a child that got its connection by fork serves its request'],
  ['haproxy-reload-started~requests', 'something that was read in the handover counts as a request'],
  ['haproxy-reload~requests', 'something that was read in the handover counts as a request'],
  ['hypercorn-websocket~requests', 'frames of a conversation are no requests'],
  ['node-cluster~workers', 'the primary hands connections over and serves none'],
  ['tornado-throttled~findings', 'a turn that did not run has that for its cause, not the calls in it'],
]);
