import type { CaptureFacts, ThreadIdentity } from '../../src/trace/capture-facts.ts';
import { decodeUtf8 } from '../../src/trace/utf8.ts';

const SECTION = /^== (.*)$/;
/** `4711 4713 1 gunicorn`: process, thread, parent, name. */
const THREAD = /^\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\S.*)$/;
const DESCRIPTORS = /^descriptors (\d{1,10})$/;
const COMMAND = /^command (\d{1,10})$/;
/** More is no list of threads but something else. */
const MOST_LINES = 200_000;

/** Reads what `drover recipe` notes before and after a trace, one character a byte. Odd text reads as nothing noted. */
export function readHostNotes(before: string, after: string): CaptureFacts {
  const first = sectionsOf(before);
  const last = sectionsOf(after);
  const overflows = [first, last].map((sections) => counter(sections.get('counters'), 'TcpExtListenOverflows'));
  const [start, end] = overflows;
  return {
    // A number may have gone to another thread meanwhile: the first look is the one that the capture began with.
    threads: new Map([...threadsOf(last.get('threads')), ...threadsOf(first.get('threads'))]),
    commands: new Map([...commandsOf(last), ...commandsOf(first)]),
    rings: new Set([...ringsOf(first), ...ringsOf(last)]),
    processors: numberIn(first.get('processors')),
    listenOverflows:
      start === null || end === null || start === undefined || end === undefined ? null : Math.max(0, end - start),
    longestQueue: numberIn(first.get('somaxconn')),
  };
}

function sectionsOf(text: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split('\n', MOST_LINES)) {
    const name = SECTION.exec(line)?.[1];
    if (name === undefined) {
      // The script puts a tab before each line of what it found: such a line is never a heading.
      if (line !== '') lines.push(line.startsWith('\t') ? line.slice(1) : line);
      continue;
    }
    lines = [];
    // Older scripts put none: one of two sections of a name may be words of a process. What it could not write before
    // is the first one.
    if (!sections.has(name)) sections.set(name, lines);
    else if (COMMAND.test(name)) sections.set(name, []);
  }
  return sections;
}

function threadsOf(lines: readonly string[] = []): Map<number, ThreadIdentity> {
  const threads = new Map<number, ThreadIdentity>();
  for (const line of lines) {
    const [, pid, tid, parent, comm = ''] = THREAD.exec(line) ?? [];
    if (tid !== undefined)
      threads.set(Number(tid), { pid: Number(pid), parent: Number(parent), comm: decodeUtf8(comm) });
  }
  return threads;
}

function commandsOf(sections: ReadonlyMap<string, readonly string[]>): Map<number, readonly string[]> {
  const commands = new Map<number, readonly string[]>();
  for (const [name, words] of sections) {
    const pid = COMMAND.exec(name)?.[1];
    if (pid !== undefined && words.length > 0) commands.set(Number(pid), words.map(decodeUtf8));
  }
  return commands;
}

/** Of `ls -l /proc/PID/fd`: processes with a descriptor that leads to a ring. */
function* ringsOf(sections: ReadonlyMap<string, readonly string[]>): Iterable<number> {
  for (const [name, lines] of sections) {
    const pid = DESCRIPTORS.exec(name)?.[1];
    if (pid !== undefined && lines.some((line) => line.endsWith(' -> anon_inode:[io_uring]'))) yield Number(pid);
  }
}

/** A line of `nstat`: `TcpExtListenOverflows  99  0.0`. */
function counter(lines: readonly string[] = [], name: string): number | null {
  const line = lines.find((each) => each.startsWith(name));
  return line === undefined ? null : numberIn([line.slice(name.length)]);
}

function numberIn(lines: readonly string[] = []): number | null {
  const digits = /^\s*(\d{1,15})(?:\s|$)/.exec(lines[0] ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}
