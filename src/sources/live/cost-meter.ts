import { readdirSync, readFileSync } from 'node:fs';
import { readOrEmpty } from './process-facts.ts';

/** What tracing has cost since it began, nanoseconds of one processor. */
export interface CostReading {
  /** How long it was measured. */
  readonly lasted: number;
  /** The tracing program. */
  readonly tracer: number;
  /** This process. */
  readonly drover: number;
  /** Programs of bpftrace in the kernel, wherever they ran; null where the kernel does not count it. */
  readonly kernel: number | null;
}

interface MeterOptions {
  readonly tracerPid: number;
  /** The tracer has programs in the kernel. */
  readonly hasPrograms: boolean;
  /** Where the kernel shows processes. */
  readonly root?: string;
  /** Nanoseconds of a clock that only grows. */
  readonly now?: () => number;
  /** Processor time of this process, nanoseconds. */
  readonly own?: () => number;
}

/** Linux shows processor times in hundredths of a second everywhere. */
const TICK = 1e7;
/** What it costs now is what it cost over this time. */
const RECENT = 10e9;

/**
 * Measures what tracing costs, once a second, through /proc alone. It switches nothing on: the time of BPF programs is
 * read where `kernel.bpf_stats_enabled` is set already.
 */
export class CostMeter {
  readonly #options: MeterOptions;
  readonly #begin: CostReading;
  #looks: CostReading[];

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#begin = this.#read();
    this.#looks = [this.#begin];
  }

  look(): void {
    const latest = this.#read();
    // A tracer that is gone has no time any more: what it had is what was read last.
    const last = this.#latest;
    if (latest.tracer < last.tracer) return;
    this.#looks.push(latest);
    // The look at which the time began stays.
    while ((this.#looks[1]?.lasted ?? Number.POSITIVE_INFINITY) <= latest.lasted - RECENT) this.#looks.shift();
  }

  get total(): CostReading {
    return between(this.#begin, this.#latest);
  }

  /** Percent of one processor over the last ten seconds; null before so much was measured. */
  get recentPercent(): number | null {
    const [first = this.#begin] = this.#looks;
    const cost = between(first, this.#latest);
    return cost.lasted < RECENT ? null : percentOf(cost);
  }

  /** The same, or over what there is. */
  get percent(): number | null {
    const [first = this.#begin] = this.#looks;
    const cost = between(first, this.#latest);
    return cost.lasted === 0 ? null : percentOf(cost);
  }

  get #latest(): CostReading {
    return this.#looks.at(-1) ?? this.#begin;
  }

  #read(): CostReading {
    const { tracerPid, hasPrograms, root = '/proc', now = monotonic, own = ownTime } = this.#options;
    return {
      lasted: now(),
      tracer: processorTime(tracerPid, root),
      drover: own(),
      kernel: hasPrograms ? programTime(tracerPid, root) : null,
    };
  }
}

/** Percent of one processor. */
export function percentOf({ lasted, tracer, drover, kernel }: CostReading): number {
  return lasted === 0 ? 0 : (100 * (tracer + drover + (kernel ?? 0))) / lasted;
}

function between(from: CostReading, to: CostReading): CostReading {
  return {
    lasted: to.lasted - from.lasted,
    tracer: to.tracer - from.tracer,
    drover: to.drover - from.drover,
    // Counting may have been switched off in between.
    kernel: from.kernel === null || to.kernel === null ? null : Math.max(0, to.kernel - from.kernel),
  };
}

/** User and system time of a process with all of its threads; 0 when it is gone. */
function processorTime(pid: number, root: string): number {
  const stat = readOrEmpty(`${root}/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user = '0', system = '0'] = fields.slice(11, 13);
  return stat === '' ? 0 : (Number(user) + Number(system)) * TICK;
}

/** Run time of the BPF programs that a process holds; null where the kernel does not count it. */
function programTime(pid: number, root: string): number | null {
  if (readOrEmpty(`${root}/sys/kernel/bpf_stats_enabled`).trim() !== '1') return null;
  const times = new Map<string, number>();
  try {
    for (const name of readdirSync(`${root}/${pid}/fdinfo`)) {
      const text = readFileSync(`${root}/${pid}/fdinfo/${name}`, 'latin1');
      const id = /^prog_id:\s+(\d+)$/m.exec(text)?.[1];
      const time = /^run_time_ns:\s+(\d+)$/m.exec(text)?.[1];
      // Several descriptors may hold one program; the descriptor of a link names it and has no time.
      if (id !== undefined && time !== undefined) times.set(id, Number(time));
    }
  } catch {
    // The tracer has ended, or closed a descriptor between two looks.
  }
  return times.size === 0 ? null : [...times.values()].reduce((sum, time) => sum + time, 0);
}

function monotonic(): number {
  return Number(process.hrtime.bigint());
}

function ownTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1_000;
}
