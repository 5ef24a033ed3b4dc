import type { Process } from '../model/machine/process.ts';
import type { Model } from '../model/model.ts';
import type { Kind, Outcome } from './report.ts';

const SHOWN = 3;
/** Kinds that are judged by calls which a ring may do without showing them. */
const BY_TRAFFIC: ReadonlySet<Kind> = new Set<Kind>([
  'thundering-herd',
  'accept-skew',
  'accept-hoarding',
  'accept-errors',
  'stranded-queue',
  'broken-pipe',
  'abandoned-request',
  'request-retry',
  'slow-dependency',
  'slow-request',
  'worker-saturation',
  'loop-stall',
  'service-stall',
  'blocking-dns',
]);
const BY_FILES: ReadonlySet<Kind> = new Set<Kind>(['disk-sync']);

/** Processes that use io_uring, and those among them of which no connection was seen in any other way. */
function usersOf({ processes }: Model): { readonly all: readonly number[]; readonly hidden: readonly number[] } {
  const users = processes.all().filter((process) => process.usesRing || holdsRing(process));
  const hidden = users.filter(({ accepted, requests }) => accepted + requests === 0);
  return { all: users.map(({ pid }) => pid), hidden: hidden.map(({ pid }) => pid) };
}

/** A descriptor of it leads to a ring that was made before the capture. */
function holdsRing({ descriptors }: Process): boolean {
  for (const [, { label }] of descriptors.entries()) if (label === 'anon_inode:[io_uring]') return true;
  return false;
}

/** What the rings of io_uring hide, in a sentence; '' where none was seen. */
export function ringNote(model: Model): string {
  const { all } = usersOf(model);
  if (all.length === 0) return '';
  return (
    `${named(all)} ${all.length === 1 ? 'uses' : 'use'} io_uring: accepts, reads and writes that it does show in no ` +
    'system call.'
  );
}

/** An all-clear about calls that a ring may have hidden is none. */
export function unlessHidden(kind: Kind, outcome: Outcome, model: Model): Outcome {
  if (outcome.status !== 'clear') return outcome;
  const { all, hidden } = usersOf(model);
  const blind = BY_TRAFFIC.has(kind) ? hidden : BY_FILES.has(kind) ? all : [];
  if (blind.length === 0) return outcome;
  const verb = blind.length === 1 ? 'uses' : 'use';
  return {
    status: 'not-applicable',
    reason: `${named(blind)} ${verb} io_uring, which may do this without a system call`,
  };
}

function named(pids: readonly number[]): string {
  const more = pids.length > SHOWN ? ` +${pids.length - SHOWN} more` : '';
  return `${pids.length === 1 ? 'Process' : 'Processes'} ${pids.slice(0, SHOWN).join(', ')}${more}`;
}
