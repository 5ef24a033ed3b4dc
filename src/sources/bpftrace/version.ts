import { spawnSync } from 'node:child_process';
import { release } from 'node:os';

/** A bpftrace as far as its programs must know it: `v0.23.2` is 23, from 1.0 on 1000; null when it does not tell. */
export type BpftraceVersion = number | null;

const ANSWERS_WITHIN_MS = 5_000;
/** One buffer for all processors where the kernel has it (5.8), instead of one for each. */
const SHARED_BUFFER_FROM = 18;
/** `BPFTRACE_MAX_STRLEN` replaces `BPFTRACE_STRLEN`, which later versions warn of. */
const NEW_NAMES_FROM = 21;
/** Pages of 4 KB for each processor: a burst of a busy server loses no events in 4 MB. */
const PAGES_PER_PROCESSOR = 1_024;
/** 64 MB for the whole host. */
const MOST_PAGES = 16_384;

/** What `bpftrace --version` says. */
export function versionIn(text: string): BpftraceVersion {
  const [, major = '', minor = ''] = /\bv?(\d{1,3})\.(\d{1,3})/.exec(text) ?? [];
  if (major === '') return null;
  return major === '0' ? Number(minor) : 1_000;
}

/** Asks the bpftrace of this host. */
export function installedVersion(): BpftraceVersion {
  const { stdout } = spawnSync('bpftrace', ['--version'], { encoding: 'utf8', timeout: ANSWERS_WITHIN_MS });
  return versionIn(stdout ?? '');
}

/** Whether all processors write into one buffer. */
function sharesBuffer(version: BpftraceVersion, kernel: string): boolean {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(kernel) ?? [];
  const hasOne = Number(major) > 5 || (Number(major) === 5 && Number(minor) >= 8);
  return version !== null && version >= SHARED_BUFFER_FROM && hasOne;
}

/**
 * Settings of bpftrace: `bytes` of each string, and buffers that hold some seconds of a busy server, whatever a page
 * counts for in that version.
 */
export function bpftraceSettings(
  bytes: number,
  processors: number,
  version: BpftraceVersion = installedVersion(),
  kernel = release(),
): Readonly<Record<string, string>> {
  const old = version === null || version < NEW_NAMES_FROM ? { BPFTRACE_STRLEN: String(bytes) } : {};
  const next = version === null || version >= NEW_NAMES_FROM ? { BPFTRACE_MAX_STRLEN: String(bytes) } : {};
  const all = 2 ** Math.ceil(Math.log2(PAGES_PER_PROCESSOR * Math.max(1, processors)));
  const pages = sharesBuffer(version, kernel) ? Math.min(MOST_PAGES, all) : PAGES_PER_PROCESSOR;
  return { ...old, ...next, BPFTRACE_PERF_RB_PAGES: String(pages) };
}
