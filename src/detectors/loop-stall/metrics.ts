import { framesShape } from '../code-line.ts';
import { metric, type ValuesOf } from '../metric.ts';
import { CAUSES } from '../stall-cause/cause.ts';

/** What its findings carry. */
export const metrics = {
  stallMs: metric.lengthMs('The longest stall.'),
  worker: metric.pid('The worker.'),
  cause: metric.oneOf(CAUSES, 'What the loop was in.'),
  call: metric.text('The call that took most of the longest stall; empty for time outside calls.'),
  callMs: metric.lengthMs('Its time in one call, or the longest time outside calls.'),
  target: metric.text('What the call was made on; empty when the trace does not tell.'),
  request: metric.text('The request that was being served, or had just been answered; empty when none is known.'),
  waiting: metric.list(metric.text('A request.'), 'The first requests that were kept waiting by the longest stall.'),
  waitingCount: metric.count('How many were kept waiting by it, at least: also those accepted right after it.'),
  turnCalls: metric.count('Calls in the longest stall.'),
  cpuOrWaitMs: metric.lengthMs('Time of the longest stall outside calls: running, or waiting for a CPU.'),
  onCpuMs: metric.orNull(metric.lengthMs('Of this on a CPU; null without scheduler data.')),
  queuedMs: metric.orNull(metric.lengthMs('Of this waiting for a CPU; null without scheduler data.')),
  longestGapMs: metric.lengthMs('The longest time without a call in it.'),
  correctedMs: metric.lengthMs('The longest stall without what the tracer and coarse stamps may have added.'),
  quotaPeriodMs: metric.orNull(
    metric.lengthMs('Its pauses end on multiples of this, as those of a CPU quota do; null without such a rhythm.'),
  ),
  stopSignal: metric.text('The signal that stopped it; empty when none did.'),
  stopSender: metric.orNull(metric.pid('Who sent that signal; null when the trace does not tell.')),
  rungs: metric.count('Calls of the kind that took most, in the longest stall.'),
  query: metric.text('What was asked of the service that the call waited for; empty when the trace does not tell.'),
  helperPeers: metric.list(
    metric.text('Address and usual protocol.'),
    'Services that other threads of the process connect to.',
  ),
  afterReply: metric.flag('The request had been answered when the longest stall began.'),
  count: metric.count('Stalls of this worker with this cause and target.'),
  longestMs: metric.lengthMs('The same as `stallMs`.'),
  totalMs: metric.lengthMs('Time of all of them.'),
  stalls: metric.list(
    metric.record({
      startMs: metric.orNull(metric.momentMs('When the turn began; null without times.')),
      endMs: metric.orNull(metric.momentMs('When it ended; null without times.')),
      stallMs: metric.lengthMs('How long it took.'),
      call: metric.text('The call that took most; empty for time outside calls.'),
      callMs: metric.lengthMs('Its time in one call, or the longest time outside calls.'),
      blockedFromMs: metric.orNull(metric.momentMs('When the blocking part of it began; null without times.')),
      blockedToMs: metric.orNull(metric.momentMs('When that ended; null without times.')),
      request: metric.text('The request that was being served; empty when none is known.'),
      turnCalls: metric.count('Calls in it.'),
      open: metric.flag('It had not ended when the trace did.'),
      frames: framesShape,
    }),
    'The longest ones; `count` says how many there were.',
  ),
  share: metric.share('Their part of the observed time of the loop.'),
};

export type Metrics = ValuesOf<typeof metrics>;
