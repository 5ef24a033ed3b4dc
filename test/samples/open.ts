/**
 * Looks at a scene (`NAME~LOOK`) that are not yet as they should be, and what is wrong. One that becomes right must
 * leave the list: the test says which.
 */
export const OPEN: ReadonlyMap<string, string> = new Map<string, string>([
  [
    'apache-event-graceful~findings',
    'no acceptor lives for two seconds, and service-stall is not applicable: pools of threads are no loops to it',
  ],
  [
    'apache-prefork-kept~findings',
    'connections that stay open keep all processes for seconds, without a request of 100 ms',
  ],
  ['classic-fork~requests', 'a child that got its connection by fork serves its request'],
  ['classic-fork~warnings', 'restart_syscall of a poll is that poll'],
  ['go-events~findings', 'a write that was in flight when another thread saw the hang-up is the reply'],
  ['go-events~warnings', 'a write that was in flight when another thread saw the hang-up is the reply'],
  ['go~findings', 'a write that was in flight when another thread saw the hang-up is the reply'],
  ['go~warnings', 'a write that was in flight when another thread saw the hang-up is the reply'],
  [
    'gthread-exhausted~findings',
    'each process has a pool of its own: one was full while the other was not, and who was in its queue could not change',
  ],
  ['haproxy-reload-started~findings', 'the listener was handed over: two processes never shared it'],
  ['haproxy-reload-started~requests', 'something that was read in the handover counts as a request'],
  ['haproxy-reload-started~workers', 'the master that waits in a loop is no worker'],
  ['haproxy-reload~requests', 'something that was read in the handover counts as a request'],
  ['haproxy-reload~workers', 'the master that waits in a loop is no worker'],
  ['hypercorn-events~findings', 'events that were sent to a client that had enough of them are no late replies'],
  ['hypercorn-events~warnings', 'events that were sent to a client that had enough of them are no late replies'],
  ['hypercorn-websocket~requests', 'frames of a conversation are no requests'],
  ['inets-idle~warnings', 'a scheduler of Erlang that parks is taken for an event loop that stalls'],
  ['nginx-tls~requests', 'records of a handshake are no requests; the first byte was peeked at'],
  ['node-cluster~workers', 'the primary hands connections over and serves none'],
  ['node-dns~findings', 'names that threads of the pool ask for'],
  ['php-fpm-ondemand~workers', 'the master watches the listener and serves nobody'],
  ['postgresql-row-lock~backends', 'a backend serves the one client that it was forked for'],
  ['postgresql-row-lock~findings', 'a backend serves the one client that it was forked for'],
  ['postgresql~backends', 'a backend serves the one client that it was forked for'],
  ['redis~name', 'the name is in the arguments of its execve'],
  ['tornado-throttled~findings', 'a turn that did not run has that for its cause, not the calls in it'],
  ['uvicorn-clock-step~clock', 'the clock of the tracer was moved'],
  ['uvicorn-clock-step~findings', 'the clock of the tracer was moved'],
  ['uvicorn-clock-step~warnings', 'the clock of the tracer was moved'],
]);
