import type { AtEnd } from '../../model/at-end/at-end.ts';
import type { Wait } from '../../model/at-end/waits.ts';
import type { Step } from '../finding.ts';
import { seeCode } from '../see-code.ts';

/** What to look at next, by what the thread waits for: first whether it is still there, then who can end it. */
export function adviceFor({ thread, left, wait }: AtEnd): readonly Step[] {
  const pid = thread.process.pid || thread.tid;
  const name = pid === 0 ? 'PID' : String(pid);
  const tid = thread.tid === 0 ? name : String(thread.tid);
  const isMemory = left.futex !== null || left.name === 'futex';
  return [
    {
      text: 'Is the thread still there? The same numbers three times say yes.',
      command: `for i in 1 2 3; do cat /proc/${name}/task/${tid}/syscall; sleep 1; done`,
    },
    ...(BY_WAIT[wait.kind]?.({ pid: name, fd: left.fd, path: left.path || left.target, isMemory }) ?? []),
    seeCode(thread.process, 'See the code that called.'),
  ];
}

interface Place {
  readonly pid: string;
  readonly fd: number;
  readonly path: string;
  /** What it waits for is a word of memory. */
  readonly isMemory: boolean;
}

const descriptorStep = ({ pid, fd }: Place): Step => ({
  text: 'What is that descriptor?',
  command: fd >= 0 ? `ls -l /proc/${pid}/fd/${fd}` : `ls -l /proc/${pid}/fd`,
});

const socketStep = ({ pid }: Place): Step => ({
  text: 'Who is at the other end? Recv-Q and Send-Q above 0 say who does not read.',
  command: `ss -tnp | grep pid=${pid},`,
});

const BY_WAIT: Readonly<Partial<Record<Wait['kind'], (place: Place) => readonly Step[]>>> = {
  answer: (place) => [
    ...(place.fd >= 0 ? [descriptorStep(place)] : []),
    socketStep(place),
    {
      text:
        'Look at that service: what does it do with this request? Give the client a time limit, so that one ' +
        'slow service does not take every worker.',
    },
  ],
  client: (place) => [
    socketStep(place),
    { text: 'Let a proxy that buffers (nginx) talk to slow clients, or limit how long a client may take.' },
  ],
  lock: ({ pid, isMemory }) => [
    isMemory
      ? {
          text: 'Which thread holds the lock? The stacks of all threads show who is in code that takes it.',
          command: `gdb -p ${pid} -batch -ex 'thread apply all bt'`,
          needs: 'gdb, which stops the process while it looks',
        }
      : { text: 'Who has the lock on the file?', command: `lslocks -p ${pid}; lslocks | head -50` },
  ],
  child: ({ pid }) => [
    { text: 'What does the child do?', command: `ps -o pid,ppid,stat,wchan:32,etime,args --ppid ${pid}` },
  ],
  'pipe-reader': (place) => [
    descriptorStep(place),
    {
      text: 'Find the process that has the other end, and see why it does not read.',
      command: 'lsof -n 2>/dev/null | grep FIFO',
    },
  ],
  'pipe-writer': (place) => [
    {
      text: 'What kind of file is it? A named pipe (p) waits for its other end.',
      command: `stat ${quoted(place.path)}`,
    },
  ],
  log: () => [
    {
      text: 'Does the log daemon run, and does it read?',
      command: 'systemctl status systemd-journald rsyslog; ss -xlp | grep /dev/log',
    },
  ],
  disk: ({ pid }) => [
    {
      text: 'Is the disk or the network file system stuck?',
      command: `cat /proc/${pid}/stack; dmesg | tail; iostat -x 1 3`,
      needs: 'root',
    },
  ],
};

/** A path from a trace, as one word of a shell. */
function quoted(path: string): string {
  return path === '' ? 'PATH' : `'${path.replace(/'/g, "'\\''")}'`;
}
