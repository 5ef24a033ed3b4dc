import type { Model } from '../../model/model.ts';
import { type Computing, computingOf } from '../../model/topics/spin/preemption-tracker.ts';
import { duration, plural } from '../../trace/format-numbers.ts';

/** For how long goroutines of any process computed without a break; '' where none did, as far as anybody can tell. */
export function goroutinesComputed({ processes }: Model): string {
  const total = processes.all().reduce((sum, process) => sum + (computingOf(process)?.total ?? 0), 0);
  return total === 0 ? '' : duration(total);
}

/** Others take over the wait meanwhile, while each goroutine that has something to do waits for its slice. */
export function computedFor(pid: number, { slices, total }: Computing): string {
  return (
    `Goroutines of ${pid} computed for ${duration(total)} without a break: Go took the processor from one that had ` +
    `run for 10 ms ${plural(slices, 'time')} (SIGURG). How long others waited for it shows in no call. ` +
    `\`perf top -p ${pid}\` or a profile of net/http/pprof names the code`
  );
}
