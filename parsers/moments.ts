import { type Lookalike, PERF_SCRIPT, TOOL } from './lookalikes.ts';

const MOMENT = 'it shows one moment, and no calls';
const STACKS: Lookalike = { looksLike: 'stacks of threads', hint: 'for the calls: strace -f -p PID' };
const PROC: Lookalike = { looksLike: 'a file of /proc', hint: MOMENT };
const LOG = 'a log: its first lines have no system calls';
const PERF_SCHED: Lookalike = {
  looksLike: 'output of `perf sched`',
  hint: 'it tells when threads had to wait for a processor, and no calls',
};
/**
 * Lines of what people hand in when they are asked for the trace: dumps of one moment, sums, and logs. No line of a
 * trace looks like these; the first that matches a line names the file.
 */
export const MOMENTS: readonly (readonly [RegExp, Lookalike])[] = [
  [
    /^(?:Netid\s+)?State\s+Recv-Q\s+Send-Q\s|^(?:Proto )?Recv-Q\s+Send-Q\s+Local|^Active Internet connections|^(?:ESTAB|LISTEN|CLOSE-WAIT|TIME-WAIT|SYN-SENT|FIN-WAIT-[12])\s+\d+\s+\d+\s/,
    { looksLike: 'a table of sockets (ss, netstat)', hint: MOMENT },
  ],
  [
    /^COMMAND\s+PID\s+(?:TID\s+(?:TASKCMD\s+)?)?USER\s+FD\s/,
    { looksLike: 'a table of open files (lsof)', hint: MOMENT },
  ],
  [
    /^top - \d\d:\d\d:\d\d up |^\s*PID USER\s+PR\s+NI\s|^(?:USER|UID)\s+PID\s.*\b(?:TTY|STAT)\b|^\s*PID\s+(?:TID|LWP|SPID|TTY|PPID)\s.*\b(?:STAT|TTY|WCHAN|TIME)\b.*\b(?:CMD|COMMAND)\b/,
    { looksLike: 'a table of processes (top, ps)', hint: MOMENT },
  ],
  [
    /^procs -+memory|^Linux \d\S+ \(\S+\)\s.*\(\d+ CPU\)|^\s+total\s+used\s+free\s|^(?:some|full) avg10=/,
    { looksLike: 'figures of the host (vmstat, iostat, sar, free, pressure)', hint: 'it has no system calls' },
  ],
  [
    /^(?:<\d+>)?\[ *\d+\.\d{6}\] |^\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\] /,
    { looksLike: 'messages of the kernel (dmesg)', hint: 'it has no system calls' },
  ],
  [/^\[<[0-9a-f]+>\] \w/, { looksLike: 'the stack of a thread in the kernel (/proc/PID/stack)', hint: MOMENT }],
  [/^(?:\d{1,3}|-1)(?: 0x[0-9a-f]+){8}$/, { looksLike: 'the call of a thread (/proc/PID/syscall)', hint: MOMENT }],
  [
    /^Name:\t|^Limit\s+Soft Limit\s|^[0-9a-f]{8,16}-[0-9a-f]{8,16} [r-][w-][x-][ps] |^\s*sl\s+local_address |^\d+ \(.{1,16}\) [RSDTZtXI] \d+ /,
    PROC,
  ],
  [
    /^Full thread dump |^"[^"]+"(?: #\d+)? .*\bprio=\d+ .*\btid=0x/,
    { ...STACKS, looksLike: 'stacks of Java (jstack)' },
  ],
  [/^goroutine \d+ (?:gp=\S+ .*)?\[/, { ...STACKS, looksLike: 'stacks of goroutines (Go)' }],
  [/^#\d+\s+0x[0-9a-f]+ in |^\s*"(?:thread_name|os_thread_id)":/, STACKS],
  [/^\s*"reportVersion": \d/, { looksLike: 'a diagnostic report of Node', hint: MOMENT }],
  [/^Traceback \(most recent call last\):/, { looksLike: 'the stack of an exception', hint: 'it has no system calls' }],
  [/^\s*time\s+cpu\s+task name\s|^\s*Task\s+\|\s+Runtime ms|\bsecs [A-Z.]\d? => \S+:\d+/, PERF_SCHED],
  [/^\s*\S.{0,15}\s+\d+(?:\/\d+)?\s+(?:\[\d+\]\s+)?\d+\.\d{6}:\s+(?:\d+ )?[\w:-]+:/, PERF_SCRIPT],
  [
    /^\s*Performance counter stats for |^# (?:To display the perf\.data header|Samples: \d)/,
    { looksLike: 'sums of perf (perf stat, perf report)', hint: 'for the calls: perf trace -p PID' },
  ],
  [
    /^[^;\s][^;]*(?:;[^;]+){3,} \d+$/,
    { looksLike: 'stacks of a flame graph', hint: 'for the calls: strace -f -p PID' },
  ],
  [/^(?:\^C)?% time\s+seconds\s+usecs\/call\s+calls\s+function/, { looksLike: 'output of ltrace', hint: 'use strace' }],
  [
    /^libbpf: |^Failed to compile BPF (?:module|program)|^failed to (?:open and\/or )?load BPF (?:object|program)/,
    {
      looksLike: 'messages of a tool of bcc that did not start',
      hint: 'drover doctor says which tracer works here',
    },
  ],
  [/^(?:Tracing|Sampling) .{3,120}(?:Ctrl-C to end|\.\.\.$|by kernel stack$|higher than \d)|^SKADDR\s+PID\s/, TOOL],
  [
    /^create_probe_event: |^(?:ERROR|WARNING): (?:could not attach|failed to detach) probe|^\S+\.bt:\S+ WARNING: \w+ is not traceable/,
    { looksLike: 'messages of bpftrace about probes that this kernel does not have' },
  ],
  [
    /^(?:ERROR|WARNING): .*RLIMIT_MEMLOCK for bpftrace/,
    { looksLike: 'messages of bpftrace without a line that it printed', hint: 'grep ERROR FILE says why' },
  ],
  [
    /^\S+ \S+ \S+ \[\d\d\/\w{3}\/\d{4}(?::\d\d){3} [+-]\d{4}\] "|^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[\w+\] \d+#\d+: /,
    { looksLike: LOG },
  ],
  [/^\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ [\w./@-]+(?:\[\d+\])?: /, { looksLike: LOG }],
  [
    /^\d\d:\d\d:\d\d\.\d{9}: (?:Emergency|Alert|Critical|Error|Warning|Notice|Informational|Debug) /,
    { looksLike: LOG },
  ],
  [/^\s+[\w.$@]+\+\d+$|^\s+[0-9a-f]{6,16} [\w.$@]+\+0x[0-9a-f]+ \(/, { ...STACKS, looksLike: 'stacks of code' }],
];
