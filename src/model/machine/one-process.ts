import { SECOND } from '../../trace/time.ts';
import { clienteleOf } from './clientele.ts';
import type { DescriptorTable } from './descriptor-table.ts';
import type { WaitSet } from './loop.ts';
import type { Process } from './process.ts';
import { lookedAtBoth, sharedByBoth } from './shared-waits.ts';
import { takeThreads, threadsOf } from './threads-of.ts';

/** `other` turned out to be the same process as `process`, which stands for both from now on. */
export function unite(process: Process, other: Process): void {
  takeThreads(process, other);
  const unseen = servedBefore(process, other) + servedBefore(other, process);
  process.absorb(other);
  process.servedUnseen += unseen;
  for (const { loop } of threadsOf(process)) for (const set of loop.waitSets) namedByBoth(set, process.descriptors);
  clienteleOf(process).absorb(clienteleOf(other), process);
  sharedByBoth(process, other);
  process.inProgress.absorb(other.inProgress, process);
}

/** Connections of `accepting` that threads of `serving` had served for long before it was known that they are one. */
function servedBefore(accepting: Process, serving: Process): number {
  let count = 0;
  for (const [fd, { connection, seenOpening }] of accepting.descriptors.entries()) {
    if (connection === null || !seenOpening || connection.used) continue;
    const { wroteAt = 0, seenOpening: isAnother = true } = serving.descriptors.get(fd) ?? {};
    if (!isAnother && wroteAt - connection.openedAt >= SECOND) count++;
  }
  return count;
}

/** An epoll instance that a thread waits on may be known to its process under the same number as another one. */
function namedByBoth(set: WaitSet, descriptors: DescriptorTable): void {
  const own = set.descriptor;
  const known = own === null ? undefined : descriptors.get(set.fd);
  if (own === null || known === undefined || known === own || known.epoll === null) return;
  if (own.epoll !== null) known.epoll.absorb(own.epoll);
  lookedAtBoth(known, own);
  set.descriptor = known;
}
