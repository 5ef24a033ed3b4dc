import { portOf, protocolOfPort } from '../../../trace/payload.ts';
import type { Call } from '../../../trace/record.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import { PerProcess } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import { Peer } from './peer.ts';
import { leadsToService, spokenWithUnnamed, Upstream, upstreams } from './upstream.ts';

/** Peers told apart, 4 KB each; waits for further ones are counted together. */
const MOST_PEERS = 200;
/** Names of further ones that are counted. */
const MOST_NAMES = 10_000;
/** Descriptors of a process of which the capture tells nothing but the number. */
const MOST_UNKNOWN = 16;

const unknownOnes = new PerProcess<Map<number, Upstream>>();

/** Knows which services there are, and which descriptors lead to them. */
export class PeerTable {
  readonly #byName = new Map<string, Peer>();
  readonly #furtherNames = new Set<string>();

  /** Those with waits or failures, the longest time first. */
  all(): Peer[] {
    return [...this.#byName.values()]
      .filter(({ name, all, failures }) => name !== '' && (all.timed > 0 || failures > 0))
      .toSorted((a, b) => b.all.total - a.all.total || b.failures - a.failures);
  }

  /** How many peers were counted together, at least. */
  get further(): number {
    return this.#furtherNames.size;
  }

  /** `other` turned out to be the same process as `process`. */
  merged(process: Process, other: Process): void {
    for (const peer of this.#byName.values()) peer.merged(process, other);
  }

  /** The peer of that name; one for all that are too many to be told apart. */
  of(name: string, isKnown: boolean): Peer {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.#byName.size >= MOST_PEERS) {
      if (this.#furtherNames.size < MOST_NAMES) this.#furtherNames.add(name);
      const others = this.#byName.get('') ?? new Peer('', false, '');
      this.#byName.set('', others);
      return others;
    }
    const made = new Peer(name, isKnown, protocolOfPort(portOf(name)));
    this.#byName.set(name, made);
    return made;
  }

  /** The service that a `poll` or `select` waits for; undefined when it waits for something else. */
  polled(call: Call, thread: Thread): Upstream | undefined {
    const numbers = call.arguments.polled();
    const { descriptors } = thread.process;
    for (const fd of numbers) {
      const descriptor = descriptors.get(fd);
      if (descriptor === undefined) continue;
      const upstream = upstreams.of(descriptor) ?? this.learned(descriptor);
      if (upstream !== undefined) return upstream;
    }
    const [only] = numbers;
    // Masters look at their own pipe once a second, as a rule with select.
    const mayAsk = call.syscall.family === 'poll' && thread.process.forks === 0;
    if (only === undefined || numbers.length > 1 || call.result !== 0 || !mayAsk) return undefined;
    const descriptor = descriptors.get(only);
    return descriptor === undefined || descriptor.kind === 'unknown' ? this.#unknown(only, thread) : undefined;
  }

  /** A service to which a descriptor leads that the capture never saw connect; undefined for what is none. */
  learned(descriptor: Descriptor): Upstream | undefined {
    const protocol = spokenWithUnnamed(descriptor);
    if (protocol !== '') return upstreams.set(descriptor, new Upstream(this.#unnamed(protocol), descriptor));
    return leadsToService(descriptor)
      ? upstreams.set(descriptor, new Upstream(this.of(descriptor.peer, true), descriptor))
      : undefined;
  }

  /** All services that speak so and have no name in the capture. */
  #unnamed(protocol: string): Peer {
    const peer = this.of(protocol, false);
    peer.protocol = protocol;
    return peer;
  }

  /** A descriptor of which nothing is known but that a time limit ran out on it. */
  #unknown(fd: number, { process }: Thread): Upstream | undefined {
    const all = unknownOnes.of(process) ?? unknownOnes.set(process, new Map());
    const known = all.get(fd);
    if (known !== undefined || all.size === MOST_UNKNOWN) return known;
    const made = new Upstream(this.of(`fd ${fd}`, false), null);
    all.set(fd, made);
    return made;
  }
}
