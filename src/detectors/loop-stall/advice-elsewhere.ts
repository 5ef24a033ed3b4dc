import type { Runtime } from '../../model/machine/runtime.ts';
import { askNameServer } from '../ask-there.ts';
import type { Step } from '../finding.ts';
import type { Cause, Reason } from '../stall-cause/cause.ts';

/** How to take work off the loop, by what runs the code. */
const OFF_THE_LOOP: Readonly<Partial<Record<Runtime, string>>> = {
  node: 'Use the asynchronous form of the call (not one that ends in Sync), or a worker of worker_threads.',
  unknown: 'Give it to another process (a task queue, a process pool), or in node to a worker of worker_threads.',
  native:
    'Give the work to threads that do not run the loop (nginx: aio threads; memcached: more of them, -t), or ' +
    'to another process.',
};

const OTHER = 'Give the work to a thread or a process that does not run the loop.';

/** What to do about a stall in a process that does not run Python; null where the advice is the same for all. */
export function adviceElsewhere(cause: Cause, { target }: Reason, runtime: Runtime): readonly Step[] | null {
  const off = OFF_THE_LOOP[runtime] ?? OTHER;
  const on = target === '' ? '' : ` on ${target}`;
  switch (cause) {
    case 'blocking-call':
    case 'foreign-poll':
      return [{ text: `The call${on} keeps the loop from its wait. ${off}` }];
    case 'dns':
      return [askNameServer(target), { text: `Look names up off the loop, or use a local cache. ${off}` }];
    case 'disk-sync':
      return [
        { text: `Move the sync off the loop. ${off}` },
        { text: 'See whether the disk is slow for everybody.', command: 'iostat -x 1 3' },
      ];
    case 'file-lock':
      return [{ text: `Find who holds the lock, and take it off the loop. ${off}`, command: 'lslocks' }];
    case 'sleep':
      return [{ text: 'Use a timer of the loop: this sleep stops every request of the worker.' }];
    case 'child-wait':
      return [{ text: `Let the loop be notified when the child ends, instead of waiting for it. ${off}` }];
    case 'lock':
    case 'futex-ladder':
      return [{ text: 'Find the thread that holds the lock: that thread wakes this futex.' }];
    case 'import':
      return [{ text: 'Load program files at start-up, or warm each worker up before it takes traffic.' }];
    default:
      return null;
  }
}

/** A fork takes as long as its process is large, in every runtime. */
export function forkAdvice(pid: number): readonly Step[] {
  return [
    {
      text:
        'A fork copies the tables of all memory: the larger the process, the longer. Start programs with posix_spawn ' +
        'or vfork, or from a small helper process.',
      command: `grep -E 'VmRSS|VmPTE' /proc/${pid === 0 ? 'PID' : pid}/status`,
      caveat: 'strace stops the process at each fork as well.',
    },
  ];
}

/** What to do about computing on the loop of such a process. */
export function computingElsewhere(runtime: Runtime): Step {
  return { text: `Take the computation off the loop. ${OFF_THE_LOOP[runtime] ?? OTHER}` };
}
