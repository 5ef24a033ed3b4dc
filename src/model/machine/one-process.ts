import { clienteleOf } from './clientele.ts';
import type { DescriptorTable } from './descriptor-table.ts';
import type { WaitSet } from './loop.ts';
import type { Process } from './process.ts';
import { lookedAtBoth, sharedByBoth } from './shared-waits.ts';
import { takeThreads, threadsOf } from './threads-of.ts';

/** `other` turned out to be the same process as `process`, which stands for both from now on. */
export function unite(process: Process, other: Process): void {
  takeThreads(process, other);
  process.absorb(other);
  for (const { loop } of threadsOf(process)) for (const set of loop.waitSets) namedByBoth(set, process.descriptors);
  clienteleOf(process).absorb(clienteleOf(other), process);
  sharedByBoth(process, other);
  process.inProgress.absorb(other.inProgress, process);
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
