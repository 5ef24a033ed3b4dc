import { basename } from 'node:path';
import { groupedBy } from '../../trace/grouped-by.ts';
import { ParentTable, type ProcessFacts, readProcess } from './process-facts.ts';

/** A way to look at processes; tests bring their own. */
export interface ProcessListing {
  readonly parents: ReadonlyMap<number, number>;
  read(pid: number): ProcessFacts | null;
}

/** The processes of this host as they are now; `table` is of whoever looks again and again. */
export function hostView(table = new ParentTable()): ProcessListing {
  const known = new Map<number, ProcessFacts | null>();
  return {
    parents: table.look(),
    read(pid) {
      const found = known.get(pid);
      if (found !== undefined) return found;
      const facts = readProcess(pid);
      known.set(pid, facts);
      return facts;
    },
  };
}

/** More than this is no worker pool but a mistake, and would be too long a command line. */
const MOST_PROCESSES = 1_000;

/**
 * What only starts a server and waits for its end: the first process of a container, a shell, `sudo`. Nobody who names
 * one wants to know what it does.
 */
const STARTERS =
  /^(?:tini|tini-static|dumb-init|docker-init|catatonit|sh|bash|dash|ash|timeout|sudo|su|runuser|npm|npx|yarn|pnpm)$/;
const MOST_STARTERS = 10;

/**
 * The processes that serve together with the given ones, from any member: the master above them, and below it all that
 * run the same program. Of a process that only started others, those. Masters come first, so that what they fork while
 * a tracer attaches is followed. Pids that are gone are left out.
 */
export function findFamily(pids: readonly number[], view: ProcessListing): ProcessFacts[] {
  const children = childrenOf(view.parents);
  const family = new Map<number, ProcessFacts>();
  for (const pid of pids.flatMap((each) => startedBy(each, view, children))) {
    const named = view.read(pid);
    if (named === null) continue;
    const master = masterOf(named, view);
    add(master, view, children, family);
    // Workers of a process manager: their parent runs another program.
    if (master.pid === named.pid && master.parent > 1) {
      for (const sibling of children.get(master.parent) ?? []) {
        const facts = view.read(sibling);
        if (facts !== null && runSameProgram(named, facts)) add(facts, view, children, family);
      }
    }
  }
  return [...family.values()];
}

/** The process itself, or what it started where it does nothing else. */
function startedBy(
  pid: number,
  view: ProcessListing,
  children: ReadonlyMap<number, readonly number[]>,
  steps = 0,
): readonly number[] {
  const [word = ''] = view.read(pid)?.argv ?? [];
  const started = children.get(pid) ?? [];
  // A shell may write its name as `-bash`, npm what it runs behind its own.
  const name = basename(word.replace(/ .*/s, '')).replace(/^-/, '');
  if (!STARTERS.test(name) || started.length === 0 || steps === MOST_STARTERS) return [pid];
  return started.flatMap((each) => startedBy(each, view, children, steps + 1));
}

/** The topmost ancestor that still runs the same program. */
function masterOf(process: ProcessFacts, view: ProcessListing): ProcessFacts {
  let master = process;
  for (let steps = 0; steps < MOST_PROCESSES; steps++) {
    const parent = view.read(master.parent);
    if (parent === null || !runSameProgram(parent, master)) break;
    master = parent;
  }
  return master;
}

function add(
  process: ProcessFacts,
  view: ProcessListing,
  children: ReadonlyMap<number, readonly number[]>,
  family: Map<number, ProcessFacts>,
): void {
  if (family.has(process.pid) || family.size >= MOST_PROCESSES) return;
  family.set(process.pid, process);
  for (const pid of children.get(process.pid) ?? []) {
    const child = view.read(pid);
    if (child !== null && runSameProgram(process, child)) add(child, view, children, family);
  }
}

/**
 * Whether two related processes are of one server: forked without a new program, or started anew with the same words.
 */
function runSameProgram(first: ProcessFacts, second: ProcessFacts): boolean {
  if (first.isKernelThread || second.isKernelThread) return false;
  // Two programs never get the same stack: the kernel draws its place by lot at each execve.
  if (first.stackStart !== '0' && first.stackStart === second.stackStart) return true;
  if (first.argv.length === 0 || (first.program !== '' && second.program !== '' && first.program !== second.program))
    return false;
  // Python's multiprocessing starts workers anew (uvicorn --workers); its resource tracker is none.
  if (second.argv.some((word) => word.includes('multiprocessing.spawn'))) return first.program !== '';
  return (
    first.argv.length === second.argv.length &&
    first.argv.every((word, index) => isSamePath(word, second.argv[index] ?? ''))
  );
}

/**
 * A cluster of node starts its workers with the whole paths of what was started as `node server.js`, `node server`,
 * `node ../api/server.js` or `node .`.
 */
function isSamePath(first: string, second: string): boolean {
  if (first === second) return true;
  const [short, long] = second.startsWith('/') ? [first, second] : [second, first];
  if (!long.startsWith('/') || short === '' || short.startsWith('/') || short.startsWith('-')) return false;
  const name = short.replace(/\/$/, '').split('/').at(-1) ?? '';
  if (name === '.' || name === '..') return true;
  const other = long.split('/').at(-1) ?? '';
  return other === name || other.replace(/\.[cm]?[jt]s$/, '') === name;
}

function childrenOf(parents: ReadonlyMap<number, number>): Map<number, number[]> {
  const pids = [...parents.keys()].sort((a, b) => a - b);
  return groupedBy(pids, (pid) => parents.get(pid) ?? 0);
}
