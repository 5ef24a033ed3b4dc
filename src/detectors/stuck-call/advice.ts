import type { ThreadAtEnd } from '../../model/at-end/at-end.ts';
import type { Wait } from '../../model/at-end/waits.ts';
import { endsOfPipe } from '../ask-there.ts';
import type { Step } from '../finding.ts';
import { SEE_FILE_LOCKS } from '../lock-holder.ts';
import { CLOSE_THE_SESSION, SESSION_FILE } from '../php-session.ts';
import { seeCode } from '../see-code.ts';

/** What to look at next, by what the thread waits for: first whether it is still there, then who can end it. */
export function adviceFor({ thread, left, wait }: ThreadAtEnd): readonly Step[] {
  const pid = thread.process.pid || thread.tid;
  const name = pid === 0 ? 'PID' : String(pid);
  const tid = thread.tid === 0 ? name : String(thread.tid);
  const isMemory = left.futex !== null || left.name === 'futex';
  const isWrite = left.syscall.family === 'write' && left.fd >= 0;
  return [
    {
      text:
        pid === 0
          ? 'If the server still runs, see whether the thread is still in that call: put the pid of the process in ' +
            'place of PID. Three equal lines mean yes.'
          : `If ${tid === name ? 'pid' : 'thread'} ${tid} still runs: is it still in that call? Three equal lines ` +
            'mean yes.',
      command: `for i in 1 2 3; do cat /proc/${name}/task/${tid}/syscall; sleep 1; done`,
    },
    ...(BY_WAIT[wait.kind]?.({ pid: name, fd: left.fd, path: left.path || left.target, isMemory, isWrite }) ?? []),
    seeCode(thread.process, 'See the code that called.'),
  ];
}

interface Place {
  readonly pid: string;
  readonly fd: number;
  readonly path: string;
  /** What it waits for is a word of memory. */
  readonly isMemory: boolean;
  /** It writes to a descriptor whose number is known. */
  readonly isWrite: boolean;
}

const descriptorStep = ({ pid, fd }: Place): Step => ({
  text: 'See what that descriptor is.',
  command: fd >= 0 ? `ls -l /proc/${pid}/fd/${fd}` : `ls -l /proc/${pid}/fd`,
});

const otherEndStep = ({ pid, fd }: Place, text: string): Step => ({ text, ...endsOfPipe(pid, fd) });

/** The address of a service, as targets name it. */
const ADDRESS = /^(?:[\d.]+|\[[\da-f:.]+\]):\d+|^unix:\S+/;

const socketStep = ({ pid }: Place): Step => ({
  text: 'See who is at the other end: Recv-Q or Send-Q above 0 shows who does not read.',
  command: `ss -tnp | grep pid=${pid},`,
});

const BY_WAIT: Readonly<Partial<Record<Wait['kind'], (place: Place) => readonly Step[]>>> = {
  answer: (place) => [
    ...(place.fd >= 0 && !ADDRESS.test(place.path)
      ? [
          {
            text: 'See who is at the other end of that socket, and what it does with this request.',
            command: `ss -tuxnp | grep 'pid=${place.pid},fd=${place.fd})'`,
          },
        ]
      : [
          {
            text: `Look at ${place.path.match(ADDRESS)?.[0] ?? 'that service'}: what does it do with this request?`,
            command: `ss -tnp | grep pid=${place.pid},`,
          },
        ]),
    { text: 'Give the client of that service a time limit, so that one slow service does not take every worker.' },
  ],
  client: (place) => [
    socketStep(place),
    { text: 'Let a proxy that buffers (nginx) talk to slow clients, or limit how long a client may take.' },
  ],
  lock: ({ pid, path, isMemory }) => [
    isMemory
      ? {
          text: 'See which thread holds the lock: the stacks of all threads show it.',
          command: `gdb -p ${pid} -batch -ex 'thread apply all bt'`,
          needs: 'gdb, which stops the process while it looks',
        }
      : {
          text: `See who has the lock on the file: in the row of ${pid} column BLOCKER has the pid.`,
          command: SEE_FILE_LOCKS,
        },
    ...(SESSION_FILE.test(path) ? [CLOSE_THE_SESSION] : []),
  ],
  child: ({ pid }) => [
    { text: 'See what the child does.', command: `ps -o pid,ppid,stat,wchan:32,etime,args --ppid ${pid}` },
  ],
  'pipe-reader': (place) => [
    descriptorStep(place),
    otherEndStep(place, 'Find the process that has the other end, and see why it does not read.'),
  ],
  'pipe-writer': (place) => [
    {
      text: 'See what kind of file it is: a named pipe waits for its other end.',
      command: `stat ${quoted(place.path)}`,
    },
  ],
  log: () => [
    {
      text: 'See whether the log daemon runs and reads.',
      command: 'systemctl status systemd-journald rsyslog; ss -xlp | grep /dev/log',
    },
  ],
  unknown: (place) =>
    place.isWrite
      ? [
          descriptorStep(place),
          otherEndStep(
            place,
            'If it is a pipe, see who has its other end and does not read: the log collector, the container runtime, ' +
              'or the program behind "|".',
          ),
        ]
      : [],
  disk: ({ pid }) => [
    {
      text: 'See whether the disk or the network file system is stuck.',
      command: `cat /proc/${pid}/stack; dmesg | tail; iostat -x 1 3`,
      needs: 'root',
    },
  ],
};

/** A path from a trace, as one word of a shell. */
function quoted(path: string): string {
  return path === '' ? 'PATH' : `'${path.replace(/'/g, "'\\''")}'`;
}
