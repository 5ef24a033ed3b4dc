import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What one run of a program took. */
export interface Effort {
  readonly wallMs: number;
  /** User and system time. */
  readonly cpuMs: number;
  readonly peakMegabytes: number;
  /** What it wrote to its standard output. */
  readonly outputBytes: number;
}

/** Linux counts CPU time in 1/100 s for every architecture that Node runs on. */
const TICK_MS = 10;
const LOOK_EVERY_MS = 5;

/**
 * Runs a program to its end, its output read and thrown away. CPU and memory come from /proc while it runs, so that no
 * other program must be installed; what happens in its last 5 ms is missed. Throws when it fails, and when it takes
 * more CPU time than `mostCpuMs`, after which it is ended.
 */
export function measure(
  command: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>> = {},
  mostCpuMs = Number.POSITIVE_INFINITY,
): Promise<Effort> {
  const [program, ...words] = command;
  return new Promise((resolve, reject) => {
    const started = process.hrtime.bigint();
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    // Not /dev/null: grep stops at the first match when nobody can see what it prints.
    let outputBytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length;
    });
    let cpuMs = 0;
    let peakMegabytes = 0;
    const look = (): void => {
      const seen = child.pid === undefined ? null : usage(child.pid);
      if (seen === null) return;
      cpuMs = Math.max(cpuMs, seen.cpuMs);
      peakMegabytes = Math.max(peakMegabytes, seen.peakMegabytes);
      if (cpuMs > mostCpuMs) child.kill('SIGKILL');
    };
    const looking = setInterval(look, LOOK_EVERY_MS);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const wallMs = Number(process.hrtime.bigint() - started) / 1e6;
      clearInterval(looking);
      if (code === 0) resolve({ wallMs, cpuMs, peakMegabytes, outputBytes });
      else
        reject(
          new Error(
            `${command.join(' ')} ended with ${code ?? signal} after ${(cpuMs / 1_000).toFixed(1)} s of CPU time`,
          ),
        );
    });
  });
}

/** The run in the middle by wall time. */
export function median(efforts: readonly Effort[]): Effort {
  const middle = [...efforts].sort((a, b) => a.wallMs - b.wallMs)[efforts.length >> 1];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}

function usage(pid: number): { readonly cpuMs: number; readonly peakMegabytes: number } | null {
  try {
    // The name of the program stands in parentheses and may hold blanks: count from behind it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return { cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, peakMegabytes: Number(peak ?? 0) / 1_024 };
  } catch {
    // The process ended between two looks.
    return null;
  }
}
