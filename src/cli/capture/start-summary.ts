import { show } from '../../output/show.ts';
import type { ProcessSight, ThreadSight } from '../../sources/live/sights.ts';
import { isInWait, tellingThread } from '../../sources/live/waiting.ts';

const SHOWN = 12;

/**
 * What is being started and for whom, before the tracer is there: each process with what the kernel says it is in,
 * those in the waits of loops last.
 */
export function startSummary(
  engine: 'strace' | 'bpftrace',
  processes: readonly ProcessSight[],
  count: number,
): readonly string[] {
  const many = count === 1 ? '1 process' : `${count} processes`;
  const begun = engine === 'bpftrace' ? `Starting bpftrace for ${many}, about 3 s.` : `Starting strace for ${many}.`;
  const rows = processes
    .map((process) => ({ process, first: tellingThread(process) }))
    .toSorted((a, b) => Number(waits(a.first)) - Number(waits(b.first)));
  const shown = rows.slice(0, SHOWN).map(({ process, first }) => rowOf(process, first));
  const more = rows.length > SHOWN ? [`  and ${rows.length - SHOWN} more`] : [];
  return rows.length === 0
    ? [begun]
    : [`${begun} ${processes.length === 1 ? 'What it does now:' : 'What they do now:'}`, ...shown, ...more];
}

function waits(thread: ThreadSight | undefined): boolean {
  return thread !== undefined && isInWait(thread);
}

/** `24789/7  gunicorn  in recvfrom(11 → 10.0.0.5:5432)`; the second number is that in its own container. */
function rowOf({ pid, innerPid, name }: ProcessSight, thread: ThreadSight | undefined): string {
  const numbers = innerPid === pid ? String(pid) : `${pid}/${innerPid}`;
  return `  ${numbers.padEnd(8)} ${show(name).padEnd(16)} ${thread === undefined ? '-' : inWords(thread)}`;
}

function inWords(thread: ThreadSight): string {
  const { call, held, holder, fd, target } = thread;
  if (held === 'stopped') return 'stopped (state T)';
  if (held === 'frozen') return 'frozen by its cgroup';
  if (held === 'traced') return `held by pid ${holder}, which traces it`;
  if (call === '') return 'no system call: it computes, or waits for a CPU';
  const about = fd < 0 ? '' : `(${fd}${target === '' ? '' : ` → ${show(target)}`})`;
  return `${waits(thread) ? 'waits in' : 'in'} ${call}${about}`;
}
