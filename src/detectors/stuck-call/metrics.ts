import { framesShape } from '../code-line.ts';
import { metric, type ValuesOf } from '../metric.ts';

export const metrics = {
  threads: metric.list(
    metric.record({
      pid: metric.pid('The process.'),
      tid: metric.pid('The thread.'),
      call: metric.text("The call that had not come back; '' of who made none, and what took most of who made many."),
      target: metric.orNull(metric.text('What the call was about: an address, a file, a descriptor.')),
      sinceMs: metric.orNull(
        metric.momentMs('When it was called; null when that was before the capture, or without times.'),
      ),
      forMs: metric.orNull(metric.lengthMs('How long it had lasted at the end, at least; null without times.')),
      hasTimeout: metric.orNull(metric.flag('Whether the call ends by itself; null when the capture does not tell.')),
      idle: metric.oneOf(['no', 'unknown'], 'unknown: a thread that waits for work looks the same.'),
      waitsFor: metric.orNull(metric.text('What it waits for, in words.')),
      held: metric.sometimes(
        metric.oneOf(
          ['stopped', 'frozen', 'traced'],
          'What keeps it from running: a signal, the freezer of its cgroup, a debugger; left out for nothing.',
        ),
      ),
      heldBy: metric.sometimes(
        metric.orNull(metric.pid('Who sent the signal, or the debugger; null where the capture does not tell.')),
      ),
      frames: framesShape,
    }),
    'The threads, those that wait longest first; at most 50.',
  ),
  count: metric.count('How many threads there are.'),
  nobodyAccepted: metric.flag('No connection was accepted in the whole capture.'),
  isUsual: metric.flag('Calls like these came back before, in the same process.'),
  isOver: metric.flag('They were stuck when the capture began, and came back in it.'),
};

export type Metrics = ValuesOf<typeof metrics>;
