import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A process as a fake /proc shows it. */
export interface FakeProcess {
  readonly pid: number;
  readonly parent?: number;
  readonly name?: string;
  /** Its numbers in the namespaces that it is in, outermost first. */
  readonly innerPids?: readonly number[];
  readonly cgroup?: string;
  /** By number: where the link of the descriptor leads. */
  readonly descriptors?: Readonly<Record<number, string>>;
  readonly threads: readonly FakeThread[];
}

export interface FakeThread {
  readonly tid: number;
  /** As /proc/PID/task/TID/syscall prints it. */
  readonly syscall: string;
  /** Nanoseconds on a processor, and how often it was given one; left out on a kernel that does not tell. */
  readonly ran?: readonly [nanoseconds: number, slices: number];
  readonly wchan?: string;
  /** How often it has gone to sleep; left out on a kernel that does not tell. */
  readonly sleeps?: number;
  /** The letter of `ps`. */
  readonly state?: string;
  readonly tracer?: number;
}

/** A folder that looks like /proc to whoever reads a few of its files. */
export class FakeProc {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Writes a process anew. */
  set({
    pid,
    parent = 1,
    name = 'gunicorn',
    innerPids = [pid],
    cgroup = '',
    descriptors = {},
    threads,
  }: FakeProcess): void {
    const folder = join(this.root, String(pid));
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, 'fd'), { recursive: true });
    mkdirSync(join(folder, 'ns'));
    mkdirSync(join(folder, 'net'));
    symlinkSync('net:[7]', join(folder, 'ns/net'));
    writeFileSync(join(folder, 'stat'), `${pid} (${name}) S ${parent} 0 0`);
    writeFileSync(join(folder, 'status'), `Name:\t${name}\nNSpid:\t${innerPids.join('\t')}\n`);
    writeFileSync(join(folder, 'cgroup'), cgroup);
    for (const [fd, link] of Object.entries(descriptors)) symlinkSync(link, join(folder, 'fd', fd));
    for (const { tid, syscall, ran, sleeps, wchan = '', state = 'S', tracer = 0 } of threads) {
      const task = join(folder, 'task', String(tid));
      mkdirSync(task, { recursive: true });
      writeFileSync(join(task, 'syscall'), `${syscall}\n`);
      writeFileSync(join(task, 'wchan'), wchan);
      writeFileSync(join(task, 'stat'), `${tid} (${name}) ${state} ${parent} 0 0`);
      const sleepsLine = sleeps === undefined ? '' : `voluntary_ctxt_switches:\t${sleeps}\n`;
      writeFileSync(join(task, 'status'), `State:\t${state} (x)\nTracerPid:\t${tracer}\n${sleepsLine}`);
      if (ran !== undefined) writeFileSync(join(task, 'schedstat'), `${ran[0]} 17 ${ran[1]}\n`);
    }
  }

  /** Rows of /proc/PID/net/tcp or tcp6 of a process, without their head. */
  table(pid: number, name: 'tcp' | 'tcp6' | 'unix', rows: readonly string[]): void {
    writeFileSync(join(this.root, String(pid), 'net', name), `head\n${rows.map((row) => `${row}\n`).join('')}`);
  }

  gone(pid: number): void {
    rmSync(join(this.root, String(pid)), { recursive: true });
  }
}

/** A row of /proc/net/tcp. Addresses are those of the kernel: `0100007F:1F40`. */
export function tcpRow(local: string, remote: string, state: string, inode: number): string {
  return `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000`;
}
