/** What a file looks like that is no trace, and how to make one of it. */
export interface Lookalike {
  readonly looksLike: string;
  readonly hint?: string;
}

/** Events and samples of perf as text. */
export const PERF_SCRIPT: Lookalike = {
  looksLike: 'output of `perf script`',
  hint: 'a recording of raw_syscalls is read with `perf trace -i perf.data`; others: record with `perf trace`',
};
/** What ready-made tools of bcc and bpftrace print. */
export const TOOL: Lookalike = {
  looksLike: 'output of a ready-made tool of bcc or bpftrace',
  hint: 'record the system calls themselves, with drover record, strace or `perf trace`',
};

/** Each event of sysdig; the second form is that of -pc and -pk, with the container in front of the process. */
const SYSDIG = /^\s*\d+ \d\d:\d\d:\d\d\.\d{9} \d+ .* [<>] \w+|^\s*\d+ \d\d:\d\d:\d\d\.\d{9} \d+ \S+ \(\w+\) \S+ \(/;
/** A call of truss behind process and thread, and the time with -d. */
const TRUSS = /^\s*\d*\/\d+:\s+(?:[\d.]+\s+)?\w+\(/;

/** What lines of other tools look like; the first that matches a line names the file. */
export const LINES: readonly (readonly [RegExp, Lookalike])[] = [
  [
    /^\s*Error: unknown (?:option|switch) `|^\s*Usage: perf /i,
    {
      looksLike: 'messages of perf that did not start',
      hint: 'head FILE says why; drover doctor says what works here',
    },
  ],
  [/^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\.go:\d+\]/, { looksLike: 'a log of gVisor' }],
  [
    /^strace: Process \d+ (?:attached|detached)/,
    {
      looksLike: 'messages of strace without a single call',
      hint: 'give strace some seconds: timeout 20 strace -f -ttt -T -y -s 128 -o trace.strace -p PID',
    },
  ],
  [/"evt\.(?:num|type)"/, { looksLike: 'output of sysdig (json)' }],
  [SYSDIG, { looksLike: 'output of sysdig', hint: 'use strace' }],
  [
    /^\s*\{"type": ?"(?:hist|map|stats|tseries)",? .*\{$/,
    {
      looksLike: 'JSON of bpftrace that was put on several lines',
      hint: 'give the original, one record a line (jq -c . FILE)',
    },
  ],
  [/^Demonstrations of \w+[,.]/, { looksLike: 'the page of examples of a tool of bcc' }],
  [
    /^(?:TIME\S*\s+)?(?:P?COMM\s+PID\s|PID\s+(?:P?COMM|TID)\s)|^SYSCALL\s+COUNT|^\s*(?:usecs|msecs)\s*: count\s+distribution|^TIME(?:\(\w+\))?\s+(?:UID\s+)?PID\s/,
    TOOL,
  ],
  [
    /^(?:stdin|\S+\.bt):\d+:\d+(?:-\d+)?: (?:ERROR|WARNING): |^WARNING: .*(?:RLIMIT_MEMLOCK for bpftrace|available_filter_functions)|^ERROR: (?:bpftrace |Missing CAP_|failed to open file|Error (?:attaching|loading) |Loading BPF object)/,
    {
      looksLike: 'messages of bpftrace that did not start',
      hint: 'grep ERROR FILE says why; drover doctor says which tracer works here',
    },
  ],
  // `probe` in a program of bpftrace has no colon behind it.
  [/\b(?:raw_)?syscalls:sys_(?:enter|exit)\w*:/, PERF_SCRIPT],
  [
    /\btracepoint:(?:raw_)?syscalls:sys_(?:enter|exit)/,
    {
      looksLike: 'output of bpftrace with names of probes in place of calls',
      hint: 'print nsecs, pid, tid, probe and args->ret in sys_exit alone: drover reads those',
    },
  ],
  [/^# tracer:|^\s+\S+-\d+\s+\[\d+\]/, { looksLike: 'output of ftrace or trace-cmd' }],
  [/^\+\+\+ exited \(status \d+\) \+\+\+|^__libc_start_main\(/, { looksLike: 'output of ltrace', hint: 'use strace' }],
  // Without the C library a program has no malloc; strace prints no calls of a library.
  [
    /\$ ltrace |^(?:\[pid \d+\] |\d+ +)?(?:malloc|calloc|realloc|free)\(.*\)\s+= (?:0x[0-9a-f]+|<void>)$/,
    { looksLike: 'output of ltrace', hint: 'use strace' },
  ],
  // ltrace -S. A number strace prints so, too: SYS_323(.
  [/^(?:\[pid +\d+\] |\d+ +)?(?:\d[\d:.]* +)?SYS_[a-z]\w*\(/, { looksLike: 'output of ltrace -S', hint: 'use strace' }],
  [
    /^# DURATION\s+TID\s+FUNCTION|^\s*[\d.]+ [mu]?s \[\s*\d+\] \| /,
    { looksLike: 'output of uftrace', hint: 'use strace' },
  ],
  [/\bdtrace (?:-\w+ )*-n\b|^dtrace: |^CPU\s+ID\s+FUNCTION:NAME/, { looksLike: 'output of dtrace' }],
  [TRUSS, { looksLike: 'output of truss' }],
  [/^\d+\/0x[0-9a-f]+:\s+\w+\(/, { looksLike: 'output of dtruss', hint: 'on Linux: strace -f -p PID' }],
  // What strace prints behind a number is no other number.
  [/^\w+\(.*\)\s+= -?(?:0x)?[0-9a-f]+ -?\d+$/i, { looksLike: 'output of dtruss', hint: 'on Linux: strace -f -p PID' }],
  [/\btrace: ---- (?:return from )?\w+\(/, { looksLike: 'a log of Gramine' }],
  [/^SYSCALL\(args\)|\bErr#\d+/, { looksLike: 'output of dtruss or truss' }],
  [/\bERR#\d+ '|\)\s+= -?\d+ \(0x[0-9a-f]+\)$/, { looksLike: 'output of truss' }],
  [/^\s*\d+\s+\S+\s+(?:CALL|RET|NAMI|GIO)\s/, { looksLike: 'output of ktrace (kdump)' }],
  [
    /^\{"(?:__CURSOR|__REALTIME_TIMESTAMP|_PID|MESSAGE)":/,
    { looksLike: 'a log of journald', hint: 'a trace in it is read as text: journalctl -o cat -u UNIT | drover -' },
  ],
  [
    /^(?:Current t|T)hread 0x[0-9a-f]+ \(|^Process \d+: .*python|^Thread \d+ \((?:LWP|Thread) /,
    { looksLike: 'stacks of threads (py-spy, faulthandler, gdb)', hint: 'for the calls: strace -f -p PID' },
  ],
  [/^(?:[\d-]+ )?\d\d:\d\d:\d\d\.\d+ (?:IP6?|ARP)\b/, { looksLike: 'output of tcpdump' }],
  [
    /^\s*<(?:!doctype|html|\?xml|head|body)\b/i,
    { looksLike: 'a page of HTML or XML', hint: 'save the raw text of the trace' },
  ],
  [
    /^[\x20-\x7e\t]*(?:<unfinished \.\.\.>|<\.\.\. \w+ resumed>|\)\s+= -1 E[A-Z0-9]+ \(|\)\s+= (?:-?\d+|0x[0-9a-f]+|\?)\S* <\d+\.\d{6}>)/,
    { looksLike: 'text of strace in columns of another program', hint: 'give the lines as strace wrote them' },
  ],
];

/** Whether a line is one that another tool prints, whose output is refused by name. */
export function isOfOtherTool(line: string): boolean {
  return LINES.some(([pattern]) => pattern.test(line));
}

/**
 * Whether another tracer prints such lines: without what stands before its calls they look like those of a format that
 * is read, and are none. Entry and return of a call are two lines of sysdig.
 */
export function isOfOtherTracer(line: string): boolean {
  return SYSDIG.test(line) || TRUSS.test(line);
}
