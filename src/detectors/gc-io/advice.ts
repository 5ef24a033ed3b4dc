import type { CollectorCall } from '../../model/topics/stacks/stack-tracker.ts';
import type { Step } from '../finding.ts';

/** What to do about input and output in code that the collector or a finalizer calls. */
export function collectorAdvice({ frame, thread }: CollectorCall, green: boolean, finalizer: boolean): Step[] {
  const { pid } = thread.process;
  const isPython = !/zend|v8::|^(?:gc_finalize|run_final|finalize_|garbage_)|FinalizationRegistry/.test(frame);
  const steps: Step[] = [
    {
      text:
        `In finalizers${isPython ? ' (__del__, weakref callbacks)' : ''} only note what happened, for instance ` +
        `in a ${isPython ? 'collections.deque' : 'queue'}; let a ` +
        `${green ? 'greenlet' : 'thread or the next request'} log or send it later.`,
      caveat: 'Taking a lock there is no better: the code that was interrupted may hold it.',
    },
  ];
  if (finalizer) return steps;
  if (isPython)
    steps.push({
      text: 'Until that is changed: gc.disable(), and gc.collect() at a moment when nothing is served.',
      caveat: 'Garbage in cycles stays until then: watch the memory. Finalizers that no cycle holds still run at once.',
    });
  steps.push({
    text: 'See which function it is: the innermost frames of your own code.',
    command: `py-spy dump --native --pid ${pid === 0 ? 'PID' : pid}`,
    needs: 'py-spy and a Python worker; for others gdb -p, then bt',
  });
  return steps;
}
