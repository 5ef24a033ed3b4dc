import type { Process } from '../../model/machine/process.ts';
import type { Step } from '../finding.ts';
import { seeCode } from '../see-code.ts';

export const WHY =
  'While it spins it uses a whole core for nothing, and slows down what shares that core. The loop still serves ' +
  'requests, so that neither a log nor a probe shows it.';

export const WHY_YIELDS =
  'It uses a whole core for nothing, and takes it from the thread that it waits for. A yield does not wait: it ' +
  'returns at ' +
  'once when nobody else wants the processor.';

/** Of a thread that only yields. */
export function adviceForYields(process: Process | null): readonly Step[] {
  const pid = process === null || process.pid === 0 ? 'PID' : process.pid;
  return [
    {
      text: 'See which threads compute, and what the thread does that the others wait for.',
      command: `top -H -b -n 1 -p ${pid} | head -30`,
    },
    ...(process === null ? [] : [seeCode(process, 'See the code that spins.')]),
  ];
}

/** Of a thread that reads where nothing is left. */
export function adviceForEnd(process: Process): readonly Step[] {
  return [
    {
      text: 'Take a read of 0 bytes as the end: close the descriptor, or open what it belongs to again.',
      caveat: 'Of a named pipe or a terminal the other end may come back: wait for it, with a pause.',
    },
    seeCode(process, 'See the code that spins.'),
  ];
}

/** Of a thread that goes on writing to somebody who has left. */
export function adviceForGone(process: Process): readonly Step[] {
  return [
    {
      text: 'Take a write that fails with EPIPE or ECONNRESET as the end: close the descriptor.',
      caveat: 'EPOLLHUP and EPOLLERR are reported whether or not they were asked for.',
    },
    seeCode(process, 'See the code that spins.'),
  ];
}

/** `stuck`: something stays ready, which is a listener or anything else; else the waits return with nothing. */
export function adviceFor(stuck: boolean, isListener: boolean, process: Process | null): readonly Step[] {
  return [
    // A table of counts names no descriptor.
    ...(process === null ? [SEE_WHICH] : []),
    ...(stuck ? whenStuck(isListener) : WHEN_EMPTY),
    ...(process === null ? [] : [seeCode(process, 'See the code that spins.')]),
  ];
}

const SEE_WHICH: Step = {
  text: 'Record a few seconds of the process, which shows what descriptor stays ready.',
  command: 'timeout 5 strace -f -ttt -T -y -s 128 -o FILE -p PID',
};

function whenStuck(isListener: boolean): Step[] {
  if (isListener)
    return [
      {
        text:
          'Stop waiting for the listener while it cannot accept (take it out of the set, try again after a ' +
          'pause). If accept fails with EMFILE, too many descriptors are open: close some, or raise the limit.',
      },
    ];
  return [
    {
      text:
        'Read from that descriptor until EAGAIN or the end of file, or take the descriptor out of the set, or close ' +
        'it.',
      caveat: 'EPOLLHUP and EPOLLERR are reported whether or not they were asked for.',
    },
  ];
}

const WHEN_EMPTY: readonly Step[] = [
  {
    text:
      'Make the wait block: look for a loop around sleep(0), a timer that is always due, or a timeout that was ' +
      'rounded down to 0.',
    caveat: 'A framework that polls without a pause on purpose (for latency) looks the same.',
  },
];
