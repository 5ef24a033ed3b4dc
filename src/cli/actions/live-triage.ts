import { asOperand } from '../../files/operand.ts';
import type { CaptureEnd } from '../../sources/live/capture.ts';
import { nothingSeen } from '../capture/live-report.ts';
import { farewell, startSession } from '../capture/live-session.ts';
import { LiveFeed } from '../dashboard/live-feed.ts';
import { Triage } from '../dashboard/run-dashboard.ts';
import { EXIT } from '../exit-code.ts';
import type { AttachFlags } from '../options/capture.ts';
import { analysisOptions } from '../options/judge.ts';
import { checkReportFlags, exitCodeFor } from '../options/print.ts';
import { manners } from '../terminal-capabilities.ts';
import { verdictLine } from '../verdict-line.ts';
import { failureOf, USUAL_MEMORY_MB } from './triage.ts';

/**
 * Seconds that may be added to a capture while it runs. The tracer has its own, hard limit, which nobody can move
 * later: it is this much above what was asked for, and drover ends the capture before.
 */
const RESERVE_SECONDS = 120;

export interface LiveTriageFlags extends AttachFlags {
  readonly theme?: 'dark' | 'light' | 'cvd' | 'mono';
  readonly mouse?: boolean;
  readonly memory?: number;
}

/**
 * Traces the processes and shows the dashboard until its user leaves; then they are left alone again. Throws
 * `UsageError`, `AttachError` and `InputError`.
 */
export async function runLiveTriage(pids: readonly number[], flags: LiveTriageFlags): Promise<number> {
  checkReportFlags(flags);
  // The processes were chosen for the tracer: what they fork belongs to the report as well.
  const { pids: _, ...options } = analysisOptions(flags);
  const say = (sentence: string): void => {
    process.stderr.write(`drover: ${sentence}\n`);
  };
  const capture = await startSession(pids, flags, say, RESERVE_SECONDS);
  if (capture === null) return EXIT.done;
  const looks = manners(flags, process.env, process.stdout);
  const triage = new Triage({
    source: 'live',
    files: [capture.name],
    opened: new Map([[capture.name, capture.opened]]),
    ascii: looks.ascii,
    theme: looks.colour ? (flags.theme ?? 'dark') : 'mono',
    mouse: flags.mouse === true,
  });
  try {
    const { code, state, failure } = await triage.run(
      () =>
        new LiveFeed({
          capture,
          seconds: flags.for,
          reserveSeconds: RESERVE_SECONDS,
          spoolLimitBytes: flags.maxSpool,
          options,
          memoryMb: flags.memory ?? USUAL_MEMORY_MB,
          tell: (message) => triage.told(message),
          status: (live) => triage.dashboard.dispatch({ type: 'live', live }),
        }),
    );
    const end = await capture.ended;
    if (state.report !== null) process.stdout.write(`${verdictLine(state.report, { ...looks, withPayload: false })}\n`);
    const again = end.bytes === 0 ? [] : [`Open it again: drover triage ${asOperand(capture.file)}`];
    process.stdout.write(`${[...farewell(capture, end), ...again].join('\n')}\n`);
    if (state.report === null && failure !== null) throw explained(failure, end);
    if (end.unkept !== '') return EXIT.output;
    return code === EXIT.done && state.report !== null ? exitCodeFor(state.report, flags) : code;
  } finally {
    capture.stop();
    await capture.ended;
  }
}

/** A capture without a line is no unreadable file. */
function explained(failure: Parameters<typeof failureOf>[0], end: CaptureEnd): Error {
  return failure.isInput && end.bytes === 0 ? nothingSeen(end) : failureOf(failure);
}
