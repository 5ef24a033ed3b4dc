import type { Process } from '../../model/machine/process.ts';
import { type Runtime, runtimeOf } from '../../model/machine/runtime.ts';
import { syscall } from '../../trace/syscalls.ts';
import { askNameServer, endsOfPipe } from '../ask-there.ts';
import type { Step } from '../finding.ts';
import { seeCode } from '../see-code.ts';
import type { Cause, Reason } from '../stall-cause/cause.ts';
import { adviceElsewhere, computingElsewhere, forkAdvice } from './advice-elsewhere.ts';
import { isRedis, redisAdvice } from './advice-redis.ts';

/** What the scheduler did during the stall, where the capture shows it, and the request that was served. */
interface Scheduling {
  readonly request: string;
  readonly starved: 'not' | 'partly' | 'mostly';
  readonly isMeasured: boolean;
}

/** What to do about a stalled loop: first look, then change one thing. */
export function stallAdvice(
  cause: Cause,
  reason: Reason,
  process: Process,
  { request, starved, isMeasured }: Scheduling,
): Step[] {
  if (starved === 'mostly') return [...STARVED];
  const runtime = runtimeOf(process);
  const usual = stepsFor(cause, reason, process.pid, runtime);
  const ofRedis = isRedis(process) ? redisAdvice(cause, request) : null;
  // What is heavy is so whatever it waited for meanwhile; that it had no processor is looked at all the same.
  const steps = ofRedis === null ? usual : cause === 'not-running' ? [...ofRedis, ...usual] : ofRedis;
  // What does not run shows no code.
  if (cause === 'stopped' || cause === 'not-running') return [...steps];
  return [
    ...(starved === 'partly' ? STARVED.slice(0, 1) : []),
    // Whether it computes or waits for a processor is known then.
    ...(isMeasured ? steps.filter(({ command = '' }) => !command.startsWith('pidstat -u')) : steps),
    seeCode(process, 'See the code that is running while it happens.'),
  ];
}

/** Advice about loops of Python is for Python, and for what nobody knows. */
function stepsFor(cause: Cause, reason: Reason, pid: number, runtime: Runtime): readonly Step[] {
  if (runtime === 'unknown' && cause === 'no-syscall') return [computingOrWaiting(pid), computingElsewhere(runtime)];
  if (runtime === 'python' || runtime === 'unknown')
    return ADVICE[cause](reason, pid, runtime === 'python' ? OFF_THE_LOOP : OFF_ANY_LOOP);
  if (cause === 'no-syscall') return [computingOrWaiting(pid), computingElsewhere(runtime)];
  return adviceElsewhere(cause, reason, runtime) ?? ADVICE[cause](reason, pid, OFF_THE_LOOP);
}

/** The worker was ready and had no processor: its own code is not the first place to look. */
const STARVED: readonly Step[] = [
  {
    text:
      'The worker was ready and waited for a processor. See who else runs on this machine, and whether its ' +
      'cgroup was throttled.',
    command: 'cat /sys/fs/cgroup/cpu.stat',
    caveat:
      'In a container look at the cgroup of the worker: nr_throttled and throttled_usec grow when its quota is used ' +
      'up.',
  },
  { text: 'Run no more workers than there are processors for them.', command: 'vmstat 1 5' },
];

const NATIVE_THREADS = 'gevent.get_hub().threadpool.apply(fn), eventlet.tpool.execute(fn), loop.run_in_executor.';
const OFF_THE_LOOP = `Run it in a native thread: ${NATIVE_THREADS}`;
/** Of a program that the capture does not name. */
const OFF_ANY_LOOP =
  'In node use the asynchronous form of the call (not one that ends in Sync). In Python run it in a native thread: ' +
  NATIVE_THREADS;

const HEARTBEAT: Step = {
  text: "This is gunicorn's own heartbeat file, on a disk. Put it on a memory file system: --worker-tmp-dir /dev/shm",
  caveat: 'A container may have a small /dev/shm; the file itself is empty.',
};

/** Of whom only strace was there to tell, which does not see the scheduler. */
function computingOrWaiting(pid: number): Step {
  return {
    text:
      'Does the worker compute, or wait for a CPU? During a stall, %usr near 100 is computing; nvcswch/s in the ' +
      'thousands is waiting for a CPU.',
    command: `pidstat -u -w -p ${pid === 0 ? 'PID' : pid} 1 5`,
    needs: 'sysstat',
  };
}

const NOT_RUNNING_STEPS: (pid: number) => readonly Step[] = (pid) => {
  const process = pid === 0 ? 'PID' : String(pid);
  return [
    {
      text:
        'Is a CPU quota used up? Then nr_throttled and throttled_usec grow; cpu.max has the quota and its period. ' +
        'Raise the quota, or run fewer workers in it.',
      command: `(cd /sys/fs/cgroup$(sed -n s/^0:://p /proc/${process}/cgroup) && cat cpu.max cpu.stat)`,
      caveat:
        'In a container the group is /sys/fs/cgroup itself, and a group above it may have the quota. Version 1 has ' +
        'cpu.cfs_quota_us and cpu.stat below /sys/fs/cgroup/cpu.',
    },
    {
      text: 'Do more threads want to run than there are processors? Column r of vmstat counts these threads.',
      command: 'cat /proc/pressure/cpu; vmstat 1 5',
      caveat: 'strace needs CPU time for each call as well: with a small quota it adds to the problem.',
    },
    {
      text: 'Does the worker wait for memory? majflt/s above 0 says that it waits for pages from a disk.',
      command: `pidstat -r -p ${process} 1 5`,
      needs: 'sysstat',
    },
  ];
};

/** `off` says how to run work beside the loop, for the program that it is. */
const ADVICE: Readonly<Record<Cause, (reason: Reason, pid: number, off: string) => Step[]>> = {
  'blocking-call': (reason, pid, off) => [blockingCallAdvice(reason, pid, off)],
  'futex-ladder': () => [
    {
      text:
        'Look for a C client that is asked to wait, such as flush() or poll(t) of a Kafka producer. In the ' +
        'request only call poll(0) after produce(); let one background native thread poll, and flush at shutdown.',
      caveat:
        'The reply is then sent before Kafka confirms delivery. Without a thread that polls, the local queue fills ' +
        'up.',
    },
  ],
  'foreign-poll': ({ target }) => [
    {
      text: /MySQL/.test(target)
        ? 'A C MySQL client waits for its answer here and cannot yield. Use a client in the language of the loop ' +
          '(PyMySQL, asyncmy); where that is too slow, run the query in a native thread pool.'
        : "A library waits on its own descriptor instead of the loop's. Use a client made for the loop; where there " +
          'is none, run the calls in a native thread pool.',
      caveat:
        (/MySQL/.test(target) ? 'PyMySQL uses more CPU for each row, and uses it on the loop. ' : '') +
        'A thread pool has 10 threads in gevent unless set; connections must not be shared between threads.',
    },
  ],
  dns: ({ target }) => [
    askNameServer(target),
    {
      text: "Use the loop's resolver (gevent's default one runs in threads) or a local cache of names.",
      caveat: 'Lookups inside C extensions cannot be patched.',
    },
  ],
  'disk-sync': (_reason, _pid, off) => [
    { text: `Move the sync off the loop. ${off}` },
    { text: 'See whether the disk is slow for everybody.', command: 'iostat -x 1 3' },
  ],
  'file-lock': (_reason, _pid, off) => [
    {
      text: `See who holds the lock, and take the locked work off the loop. ${off}`,
      command: 'lslocks -o PID,COMMAND,TYPE,MODE,BLOCKER,PATH',
      caveat: 'A lock held across a yield can make a worker wait for itself.',
    },
  ],
  sleep: () => [
    {
      text:
        "Use the loop's own sleep (gevent.sleep, asyncio.sleep). This is the sleep of the system: it stops every " +
        'request of the worker.',
      caveat: 'Modules that were imported before monkey-patching keep the original.',
    },
  ],
  'child-wait': () => [
    { text: `Wait for the child with the loop's own subprocess module, or in a native thread: ${NATIVE_THREADS}` },
  ],
  fork: (_, pid) => [...forkAdvice(pid)],
  log: () => [
    {
      text: 'Log through a queue with a writer thread; see who reads the other end of this descriptor.',
      caveat: 'A full pipe or a stuck journal blocks every writer.',
    },
  ],
  lock: () => [
    {
      text:
        'Find the thread that holds the lock: that thread wakes this futex. Joining a native thread or ' +
        'waiting for its result inside the loop looks the same.',
      caveat: 'Use the AsyncResult of the loop library instead of Thread.join or Future.result.',
    },
  ],
  unrecorded: (_, pid) => [
    {
      text: 'Record the calls while it happens: this capture only counts and names no call.',
      command: `drover attach ${pid} --for 30s`,
    },
  ],
  'no-syscall': (_reason, pid) => [
    computingOrWaiting(pid),
    {
      text:
        'Move the computation to another process (a task queue, a process pool), or serve CPU-heavy paths with ' +
        'sync or gthread workers.',
      caveat:
        'A thread helps only if the code releases the interpreter lock. Calls of sleep(0) in between make other ' +
        'requests slower.',
    },
  ],
  'patched-thread-pool': () => [
    {
      text:
        'The thread pool runs as greenlets on the loop. Use gevent.threadpool.ThreadPoolExecutor (native ' +
        'threads), or a process pool or task queue for CPU work.',
      caveat: 'Native threads help CPU work only if it releases the interpreter lock.',
    },
  ],
  'gil-wait': () => [
    {
      text:
        'Other threads of this process hold the interpreter lock: run fewer of them, or move their computing to ' +
        'another process.',
      caveat: 'sys.setswitchinterval changes how long each wait is, not how much there is.',
    },
  ],
  import: () => [
    {
      text:
        'Import at start-up, or warm each worker up before it takes traffic; with preload_app the workers share ' +
        'what was imported.',
      needs: 'preload_app: connections and threads must be opened after the fork (post_fork)',
    },
  ],
  stopped: ({ stop, lines }, pid) => {
    const sender = stop?.sender ?? 0;
    const whence: Step = {
      text:
        sender === 0
          ? 'Find out who stopped it: a debugger, a job control shell, a script that freezes processes.'
          : `Find out why pid ${sender} stopped it.`,
      command: `ps -o pid,ppid,lstart,args -p ${sender === 0 ? 'PID' : sender}`,
      caveat: 'The sender may have ended by now; an audit rule for kill(2) names the next one.',
    };
    const goOn: Step = {
      text: 'If it is still stopped (state T), let it go on.',
      command: `kill -CONT ${pid}`,
      caveat: 'State t means that a tracer holds the process: a signal does not help then.',
    };
    // Where no line let it go on it may stand still now.
    return lines.length === 1 ? [goOn, whence] : [whence, goOn];
  },
  'not-running': (_reason, pid) => [...NOT_RUNNING_STEPS(pid)],
  'many-requests': () => [
    {
      text:
        'No single request blocks: this worker has more work than it can do. Add workers or shed load, rather ' +
        'than look for a blocker.',
      caveat: 'More workers that share a listener make a larger herd.',
    },
  ],
  'one-connection': () => [
    {
      text:
        'One keep-alive connection always had its next request ready, and the loop served it without a break. Record ' +
        'again with bpftrace: strace itself can cause this by slowing the server.',
      caveat: 'Without the tracer the same load may be harmless.',
    },
  ],
};

/** A service is behind a socket alone: other descriptors have no client of the loop's own that would not block. */
function blockingCallAdvice({ target, call }: Reason, pid: number, off: string): Step {
  if (target.includes('wgunicorn-')) return HEARTBEAT;
  if (target.startsWith('/'))
    return {
      text: `Move the work on ${target} off the loop. ${off}`,
      caveat: 'Files have no non-blocking mode: a loop library cannot make them yield.',
    };
  if (target.startsWith('event fd '))
    return {
      text: `Find the thread that writes to ${target}: its write ends this wait.`,
      caveat: 'If the event was there already, the worker did not wait for it: it had no CPU.',
    };
  if (target.startsWith('pipe fd '))
    return {
      text: `Find who has the other end of ${target}: that process ends this wait.`,
      ...endsOfPipe(pid, Number(target.slice('pipe fd '.length))),
    };
  if (!isSentOrRead(call)) return { text: `Take ${call}${target === '' ? '' : ` on ${target}`} off the loop. ${off}` };
  return {
    text:
      `Let the loop's own library make this call${target === '' ? '' : ` to ${target}`}, on a non-blocking ` +
      'socket; where it has no client for that, use a native thread.',
    caveat: 'Monkey-patching does not reach C extensions and sockets made before it.',
  };
}

const TRANSFERS: ReadonlySet<string> = new Set(['read', 'write', 'connect', 'accept', 'poll', 'select']);

function isSentOrRead(call: string): boolean {
  return TRANSFERS.has(syscall(call).family);
}
