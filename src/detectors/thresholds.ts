export interface Threshold {
  readonly default: number;
  readonly unit: string;
  readonly meaning: string;
}

/** Every number that a detector judges by. Users set them with `--threshold NAME=VALUE`; the README of the detector says where each comes from. */
const DEFINED = {
  'herd-min-connections': {
    default: 10,
    unit: 'connections',
    meaning: 'Fewer accepted connections than this are too few to speak of a herd.',
  },
  'herd-min-wasted': { default: 10, unit: 'wake-ups', meaning: 'Fewer wasted wake-ups than this are chance.' },
  'herd-factor-info': { default: 1.3, unit: 'wake-ups a connection', meaning: 'From here on a herd is worth a line.' },
  'herd-factor': {
    default: 1.8,
    unit: 'wake-ups a connection',
    meaning: 'From here on a herd is a warning; with two acceptors, whose ceiling is 2, it is 1.4.',
  },
  'herd-wasted-ratio': { default: 0.4, unit: 'of all wake-ups', meaning: 'The wasted share that a warning needs as well.' },
  'herd-critical-per-second': {
    default: 1000,
    unit: 'wasted wake-ups a second',
    meaning: 'From here on the herd itself costs a noticeable part of a core.',
  },
  'skew-gini': { default: 0.4, unit: '', meaning: 'Gini coefficient of accepted connections over all workers that counts as skewed.' },
  'skew-connections-per-worker': {
    default: 20,
    unit: 'connections',
    meaning: 'Fewer connections a worker than this say nothing about balance.',
  },
  'stall-ms': { default: 100, unit: 'ms', meaning: 'A loop that does not get back to its wait for this long is stalled.' },
  'stall-critical-ms': { default: 1000, unit: 'ms', meaning: 'From here on a stall is critical.' },
  'service-stall-ms': { default: 100, unit: 'ms', meaning: 'Nobody could accept for at least this long.' },
  'broken-pipe-warning-share': { default: 0.01, unit: 'of requests', meaning: 'Failed replies from this share on are a warning.' },
  'broken-pipe-critical-share': {
    default: 0.05,
    unit: 'of requests',
    meaning: 'Failed replies from this share on are critical, if there are at least 3.',
  },
  'behind-ms': {
    default: 100,
    unit: 'ms',
    meaning: 'A reply that failed after its request stood behind another for this long is a warning, however rare.',
  },
  'gil-ms-per-second': { default: 100, unit: 'ms', meaning: 'So much waiting for the interpreter lock within one second is a warning.' },
  'gil-critical-ms-per-second': { default: 500, unit: 'ms', meaning: 'From here on waiting for the interpreter lock is critical.' },
  'heartbeat-share': {
    default: 0.5,
    unit: 'of the timeout',
    meaning:
      'A loop that is silent for this part of the timeout is late; an idle sync worker beats every half timeout, so its limit is half-way from there.',
  },
  'saturation-share': {
    default: 0.2,
    unit: 'of the time',
    meaning: 'All sync workers busy at once for this part of the time is a warning.',
  },
  'saturation-critical-share': { default: 0.5, unit: 'of the time', meaning: 'From here on it is critical.' },
  'load-modules': {
    default: 100,
    unit: 'modules',
    meaning: 'A worker that opens so many modules between its fork and its first accept loads the application itself.',
  },
  'load-mb': {
    default: 16,
    unit: 'MB',
    meaning: 'A worker that opens modules and asks for so much memory of its own before its first accept does so, too.',
  },
  'import-ms': { default: 50, unit: 'ms', meaning: 'Importing for this long on the way of one request is a warning.' },
  'import-modules': { default: 20, unit: 'modules', meaning: 'More modules than this on the way of one request are a warning.' },
  'gc-io-critical-ms': {
    default: 20,
    unit: 'ms',
    meaning: 'A call inside the garbage collector that takes this long is critical, whatever it is.',
  },
  'backlog-share': {
    default: 0.8,
    unit: 'of the backlog',
    meaning: 'So many connections taken in one go, after a time without accepting, say that the queue was full or nearly.',
  },
  'backlog-min-connections': {
    default: 5,
    unit: 'connections',
    meaning: 'Fewer than this are chance, however short the backlog.',
  },
  'churn-per-request': {
    default: 3,
    unit: 'calls a request',
    meaning: 'From here on changes of the epoll set are worth a line: one to register a connection and one to remove it are usual.',
  },
  'churn-toggles': {
    default: 1,
    unit: 'a connection',
    meaning: 'A listener that is taken out of the set this often is toggled around each accept.',
  },
  'churn-min-requests': { default: 10, unit: 'requests', meaning: 'Fewer requests, or connections, than this are too few to judge.' },
  'busy-poll-share': {
    default: 0.1,
    unit: 'of the time',
    meaning: 'A loop that goes round for this part of its time without getting anything done is a warning.',
  },
  'busy-poll-per-second': {
    default: 1000,
    unit: 'rounds a second',
    meaning: 'Slower rounds than this, while it goes round, are no spinning.',
  },
  'hoarded-requests': {
    default: 3,
    unit: 'requests',
    meaning: 'So many that waited in the worker that had accepted them in one go, while another was idle, are a warning.',
  },
  'stranded-connections': {
    default: 3,
    unit: 'connections',
    meaning: 'So many connections that waited on a stalled worker while another was free are a warning.',
  },
  'lock-wait-ms': { default: 500, unit: 'ms', meaning: 'So much waiting for one lock, all waiters together, is contention.' },
  'lock-threads': { default: 3, unit: 'threads', meaning: 'So many threads that queue at one futex are a convoy.' },
  'lock-share': {
    default: 0.3,
    unit: 'of the time',
    meaning: 'The part of the time, from the first wait to the last, that each of these threads waits.',
  },
  'disk-sync-ms': { default: 100, unit: 'ms', meaning: 'So much waiting for the disk within one second on an event loop is a warning.' },
  'disk-sync-worker-ms': {
    default: 500,
    unit: 'ms',
    meaning: 'The same on a thread that serves one request at a time.',
  },
  'disk-sync-per-second': {
    default: 20,
    unit: 'syncs a second',
    meaning: 'From here on syncs are worth a line, however quick they are.',
  },
  'fd-growth': {
    default: 20,
    unit: 'descriptors',
    meaning: 'A process that has so many more open of one kind after its requests than before them, and never fewer in between, leaks.',
  },
  'close-wait-descriptors': { default: 5, unit: 'sockets', meaning: 'So many sockets that only we keep open are forgotten ones.' },
  'close-wait-s': { default: 10, unit: 's', meaning: 'How long ago the other end of each of them has closed, at least.' },
  'dns-ms': { default: 100, unit: 'ms', meaning: 'A name lookup that holds a loop for this long is a warning.' },
  'dns-critical-ms': {
    default: 1000,
    unit: 'ms',
    meaning: 'From here on it is critical; for a sync worker, which may wait, it is a warning.',
  },
  'accept-delay-ms': {
    default: 50,
    unit: 'ms',
    meaning: 'One connection in twenty that waits this long to be accepted is a warning.',
  },
  'accept-delay-critical-ms': { default: 100, unit: 'ms', meaning: 'From here on such waiting is critical.' },
  'accept-delay-min-connections': {
    default: 20,
    unit: 'connections',
    meaning: 'Fewer accepted connections than this are too few for a share.',
  },
  'retry-window-s': {
    default: 30,
    unit: 's',
    meaning: 'The same request from the same client within this time after it hung up is its retry.',
  },
} as const satisfies Readonly<Record<string, Threshold>>;

export type ThresholdName = keyof typeof DEFINED;
export const THRESHOLDS: Readonly<Record<ThresholdName, Threshold>> = DEFINED;
