import { duration, milliseconds, round } from '../trace/format-numbers.ts';
import type { Cost } from '../trace/record.ts';
import { SECOND } from '../trace/time.ts';
import type { TracingCost } from './report.ts';

/** What tracing cost, as the report has it. */
export function costOf(cost: Cost): TracingCost {
  const { lasted, tracer, drover, kernel } = cost;
  return {
    percent: round(percentOf(cost), 2),
    durationMs: milliseconds(lasted),
    tracerMs: milliseconds(tracer),
    droverMs: milliseconds(drover),
    kernelMs: kernel < 0 ? null : milliseconds(kernel),
  };
}

/** The same as a sentence, with what is not counted; `format` tells which tracer it was. */
export function costNote(cost: Cost, format: string): string {
  const { tracer, drover, kernel, lasted } = cost;
  const name = format === 'strace' ? 'strace' : 'bpftrace';
  const parts = [`${name} ${duration(tracer)}`, `drover ${duration(drover)}`];
  if (kernel >= 0) parts.push(`programs in the kernel ${duration(kernel)}`);
  const missing =
    name === 'strace'
      ? ' What its stops cost the traced processes is not counted.'
      : kernel < 0
        ? ' What its programs cost in the kernel is not counted: this kernel counts it after sysctl ' +
          'kernel.bpf_stats_enabled=1.'
        : '';
  // Of a program that ends at once hardly more is measured than that drover began.
  if (lasted < SECOND) return `Tracing took ${parts.join(', ')} of a CPU within ${duration(lasted)}.${missing}`;
  const share = round(percentOf(cost), 1);
  return `Tracing took ${share} % of a CPU over ${duration(lasted)}: ${parts.join(', ')}.${missing}`;
}

function percentOf({ lasted, tracer, drover, kernel }: Cost): number {
  return (100 * (tracer + drover + Math.max(0, kernel))) / lasted;
}
