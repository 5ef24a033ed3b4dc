import type { Confidence, Metric, Outcome, Severity, Step } from '../detectors/finding-words.ts';
import type { Kind } from '../detectors/kinds.ts';

export { ADDS_UP, PER_WORKER } from '../detectors/kinds.ts';
export type { Confidence, Kind, Metric, Outcome, Severity, Step };

/**
 * The report: the one object that text, JSON, Markdown and the dashboard are views of. Plain data; `--json` prints it
 * as it is. Names are a contract (schemaVersion 1): add, never rename. Numbers carry their unit in the name. All
 * strings that come from a trace (`text`, `target`, `request`, `comm`, labels) are untrusted: views must escape them.
 */
export interface Report {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: 'drover'; readonly version: string };
  readonly source: Source;
  readonly window: Window;
  readonly quality: Quality;
  /** What tracing cost this host, where drover traced; absent in captures of others. */
  readonly cost?: TracingCost;
  readonly verdict: Verdict;
  /** Requests that were answered a second or more after they had been read, whatever they waited for; else absent. */
  readonly slowReplies?: SlowReplies;
  /** Every detector answers. */
  readonly outcomes: Readonly<Partial<Record<Kind, Outcome>>>;
  readonly workers: readonly Worker[];
  /** Where the time of each process went; the longest first. Empty without durations. */
  readonly time: readonly TimeShare[];
  /** Who was waited for, by whatever means; the longest first. */
  readonly dependencies: readonly Dependency[];
  /** Over every call in the trace, completed or failed; most total time first, then most calls. */
  readonly calls: readonly CallStatistics[];
  /** Worst first: the order in which to read them. */
  readonly findings: readonly Finding[];
  /** Of the whole capture, where a part of its time was asked for and the whole was looked at, too; else absent. */
  readonly captured?: Window;
  /** Where captures of several hosts were read: what each says, the worst first. Absent for one. */
  readonly hosts?: readonly Host[];
  /** What the trace holds more of than the tables list; absent when they list all. */
  readonly omitted?: Omitted;
  /** What each worker did over time; absent unless it was asked for, and in captures without times. */
  readonly timeline?: Timeline;
  /**
   * Requests without an answer, the oldest first, and then those that were answered late, the slowest first; absent as
   * the timeline is.
   */
  readonly requests?: readonly HostRequest[];
}

/** What each worker did over time, in equal columns over the window of the report. */
export interface Timeline {
  /** Where the first column begins, on the axis of the findings. */
  readonly startMs: number;
  /** Milliseconds a column. */
  readonly columnMs: number;
  /** 1,024 at most. */
  readonly columns: number;
  /** false: captures of several hosts whose clocks do not meet, each row from the beginning of its own capture on. */
  readonly isOnOneClock: boolean;
  /** 128 at most, in the order of the workers. */
  readonly rows: readonly TimelineRow[];
}

/** What one worker did over time. */
export interface TimelineRow {
  readonly pid: number;
  /** Whose process it is where captures of several hosts were read; else null. */
  readonly host: string | null;
  /**
   * A letter a column, the worst of it: `e` a reply met EPIPE, `b` blocked in a call, `h` woken for nothing, `n` no
   * call, `r` ran from call to call, `.` waited for work, ` ` not there. Empty where nothing was kept of it.
   */
  readonly states: string;
}

/** Requests that took long until their first answer. */
export interface SlowReplies {
  readonly count: number;
  /** The limit, `client-timeout-ms`. */
  readonly leastMs: number;
  readonly longestMs: number;
  /** The longest one. */
  readonly request: string;
}

/** What the capture of one host says. */
export interface Host {
  /** After the name of its file or folder. */
  readonly name: string;
  readonly paths: readonly string[];
  readonly verdict: Verdict;
  readonly window: Window;
  readonly grade: Quality['grade'];
  /** Processes that it lists. */
  readonly workers: number;
  /** Causes, infos left out. */
  readonly causes: number;
  /** Id of the finding that speaks for the first cause of this host, on all hosts that have it; null for none. */
  readonly cause: string | null;
}

/** How many more there were than are listed, or were followed. */
export interface Omitted {
  /** Processes that have no row. */
  readonly workers: number;
  /** System calls that have no row. */
  readonly calls: number;
  /** Failed calls whose error is not listed. */
  readonly errors: number;
  /** Findings, each of a kind of which worse ones are listed. */
  readonly findings: number;
  /** Shares of time that have no row. */
  readonly time: number;
  /** Peers that were waited for and have no row. */
  readonly dependencies: number;
  /** Open descriptors that were followed no further. */
  readonly descriptors: number;
  /** Listening sockets that were not followed. */
  readonly listeners: number;
}

/** What tracing cost, processor time of one CPU. What it slowed the traced processes down is not in it. */
export interface TracingCost {
  /** All of the parts below, percent of one CPU. */
  readonly percent: number;
  readonly durationMs: number;
  readonly tracerMs: number;
  /** drover itself, its analysis included. */
  readonly droverMs: number;
  /** Programs of the tracer in the kernel; null when nobody counted it. */
  readonly kernelMs: number | null;
}

export const SEVERITIES: readonly Severity[] = ['critical', 'warning', 'info'];

export interface Source {
  readonly kind: 'file' | 'live' | 'stdin';
  readonly paths: readonly string[];
  readonly format: string;
  readonly flags: {
    readonly timestamps: string;
    readonly durations: boolean;
    readonly pids: boolean;
    readonly fdDecoration: string;
    readonly stacks: boolean;
    readonly others: readonly string[];
  };
}

export interface Window {
  /** ISO 8601 with microseconds, UTC; null when the trace has no date. */
  readonly startTime: string | null;
  readonly endTime: string | null;
  /** `HH:MM:SS.ffffff` of its beginning when the clock has no date, else null. */
  readonly timeOfDay: string | null;
  /** What the clock of the lines shows where the window begins, in seconds, when it tells no time of day; else null. */
  readonly monotonicSeconds: number | null;
  /** Where the window begins, in milliseconds from the first event: 0 unless only a part was asked for. */
  readonly startMs: number;
  /** null when the trace has no time. */
  readonly durationMs: number | null;
}

/** The window of what has no times. */
export const NO_TIMES: Window = {
  startTime: null,
  endTime: null,
  timeOfDay: null,
  monotonicSeconds: null,
  startMs: 0,
  durationMs: null,
};

export interface Quality {
  readonly grade: 'good' | 'partial' | 'poor';
  readonly lines: number;
  readonly events: number;
  readonly unparsedLines: number;
  readonly lostEvents: number;
  /** What the grade means for the findings, one sentence each. */
  readonly notes: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface Diagnostic {
  readonly code: string;
  readonly severity: 'info' | 'warning' | 'error';
  readonly count: number;
  readonly meaning: string;
  readonly samples: readonly Evidence[];
}

export interface Verdict {
  readonly severity: Severity | 'none';
  readonly confidence: Confidence;
  /** One sentence with the number that proves it; at most about 160 characters. */
  readonly text: string;
}

export interface Worker {
  readonly pid: number;
  readonly tids: readonly number[];
  /**
   * `event-loop`, `runtime-thread` (threads take turns at one wait, as those of Go: one row for all), `sync-worker`,
   * `acceptor` (hands connections to a pool), `blocking-acceptor`, `connection-worker` (got its one connection by
   * fork), `master`, `pool-thread`, `library-thread`, `unknown`.
   */
  readonly role: string;
  readonly comm: string;
  /** The server software where the trace names it (`gunicorn`, `nginx`…), else ''. */
  readonly server: string;
  readonly accepted: number;
  readonly wastedWakeups: number;
  /** Share of its observed time outside the loop's own wait; null without times. */
  readonly busyPercent: number | null;
  readonly longestTurnMs: number | null;
  readonly brokenPipes: number;
  readonly requests: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** Whose process it is where captures of several hosts were read; else null. */
  readonly host: string | null;
  /** The call that the process had not come back from when the capture ended; null when it was in none. */
  readonly atEnd: AtEnd | null;
}

/** Of several threads the one that is likeliest stuck. */
export interface AtEnd {
  readonly call: string;
  /** What the call is about, in words; null when the capture does not tell. */
  readonly target: string | null;
  /** At least so long; null without times. */
  readonly forMs: number | null;
  /** Whether the thread waits for work there. `unknown`: idle and stuck look the same. */
  readonly idle: 'yes' | 'no' | 'unknown';
}

/** What one process spent on calls of one kind on one target. */
export interface TimeShare {
  readonly pid: number;
  /** Whose process it is where captures of several hosts were read; else null. */
  readonly host: string | null;
  /**
   * null for calls and gaps under a millisecond each, together (`working`), and for longer gaps between calls
   * (`outside`).
   */
  readonly call: string | null;
  /** An address, a file, `clients`, `pipes`; null where there is none. */
  readonly target: string | null;
  /** Calls of a millisecond and more; 0 where `call` is null. */
  readonly count: number;
  /** Of all threads of the process together. */
  readonly totalMs: number | null;
  readonly longestMs: number | null;
  /**
   * `idle`: waited for work, as far as the role of the thread tells; `waiting`: for a peer, a lock, a disk, a child;
   * `working`: inside calls that do work; `outside`: no call, so that it computed or had no processor.
   */
  readonly kind: 'idle' | 'waiting' | 'working' | 'outside';
  /** Calls that had not returned when the capture ended. */
  readonly openAtEnd: number;
  /** Where the longest stay ended, or was called if it never did; null where no line shows it. */
  readonly longestAt: Place | null;
}

/** A line that a person can open. `line` is 1-based in `file`. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** Another service that was waited for. */
export interface Dependency {
  /** `10.0.0.7:3306`, `unix:/run/x.sock`; `fd 3` where the capture does not tell who it is. */
  readonly peer: string;
  /** What it speaks, as seen in the bytes or by convention of the port; null when not known. */
  readonly protocol: string | null;
  /** From a question or a connect to the first answer, by requests or anybody else. */
  readonly waits: number;
  /** Requests that waited. */
  readonly requests: number;
  readonly totalMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  /** Waits that had not ended when the capture did. */
  readonly openAtEnd: number;
  /** Failed connects, resets, ends without an answer, time limits that ran out. */
  readonly failures: number;
  /** Where the longest wait ended, or was asked for if it never did; absent where no line shows it. */
  readonly longestAt?: Place;
}

/** A request that has no answer, or had none for `stall-ms`, and what became of that time. */
export interface RequestActivity {
  /** `GET /a`, without its query. */
  readonly request: string;
  /** The process that read it. */
  readonly pid: number;
  readonly readMs: number;
  /** From the moment it was read to its first answer, or up to the end of what was read. */
  readonly ageMs: number;
  readonly isOpen: boolean;
  /** What its worker did for it meanwhile. */
  readonly ownMs: number;
  /** In this time its worker was busy with others; of these the one that took longest, '' for none. */
  readonly behindMs: number;
  readonly behind: string;
  /** How long that one took; absent for none. */
  readonly behindLongestMs?: number;
  /** Threads of its process do jobs for the loop: it may have waited for one of these. Absent where that is not so. */
  readonly mayBeInPool?: true;
  /** The service that it waited for longest, and how long; '' and 0 for none. */
  readonly waitedFor: string;
  readonly waitedMs: number;
  /** The call in which a thread that serves it was when the capture ended, `poll on 10.0.0.5:80`, and for how long. */
  readonly inCall: string;
  readonly inCallMs: number;
  /** The line on which it was read. */
  readonly readAt: Place | null;
}

/** The same where captures of several hosts may have been read: whose it is, else null. */
export interface HostRequest extends RequestActivity {
  readonly host: string | null;
}

export interface CallStatistics {
  readonly call: string;
  readonly count: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly totalMs: number | null;
  readonly maxMs: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Timed calls under 1 us, 1 to 2, 2 to 4, and so on by powers of two; only where a `timeline` was asked for. */
  readonly octaves?: readonly number[];
}

/** A line that proves a finding. */
export interface Evidence extends Place {
  readonly text: string;
}

export interface Finding {
  /** Stable within a report and across re-analyses of the same capture: `loop-stall-1`. */
  readonly id: string;
  readonly kind: Kind;
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** At most 78 characters. */
  readonly title: string;
  /** One to three sentences of counted facts. */
  readonly summary: string;
  /** Why a user of the service should care: one or two sentences. */
  readonly why: string;
  /** Counted from the first event; null without times. */
  readonly startMs: number | null;
  readonly endMs: number | null;
  readonly startTime: string | null;
  readonly endTime: string | null;
  /** Still going on when the capture ended: durations are lower bounds. */
  readonly openEnded: boolean;
  /** Pids; of its first host where there are several. */
  readonly workers: readonly number[];
  /** The hosts that have this cause, the worst first, where captures of several were read; else empty. */
  readonly hosts: readonly string[];
  readonly metrics: { readonly [name: string]: Metric };
  readonly evidence: readonly Evidence[];
  readonly next: readonly Step[];
  /** Ids of findings that explain this one or are explained by it. */
  readonly related: readonly string[];
  /** Ids of findings that are the same cause in other workers. */
  readonly members: readonly string[];
  /** The finding that speaks for this one, the same cause in another worker; null when it speaks for itself. */
  readonly memberOf: string | null;
  /** Ids of findings that came of this one. */
  readonly effects: readonly string[];
  /** The finding that this one came of; null when it is a cause of its own. */
  readonly effectOf: string | null;
  /**
   * How this one reads among the effects of its cause: `4 replies came too late`; null when it is none, empty when
   * another finding says it for this worker as well.
   */
  readonly effect: string | null;
}
