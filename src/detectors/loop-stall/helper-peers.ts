import type { Process } from '../../model/machine/process.ts';
import { portOf, protocolOfPort } from '../../trace/payload.ts';
import type { Cause } from '../stall-cause/cause.ts';

/** Services with a usual port that other threads of the process connect to: `127.0.0.1:9092 (Kafka by convention)`. */
export function helperPeers({ helperPeers: peers }: Process): string[] {
  return peers.flatMap((peer) => {
    const protocol = protocolOfPort(portOf(peer));
    return protocol === '' || protocol === 'DNS' ? [] : [`${peer} (${protocol} by convention)`];
  });
}

/** A futex names nobody; whom the library's own threads talk to is what there is to go by. */
export function helperNote(cause: Cause, peers: readonly string[]): string {
  if ((cause !== 'futex-ladder' && cause !== 'lock') || peers.length === 0) return '';
  return ` Other threads of this process connect to ${peers.slice(0, 3).join(', ')}: possibly what it waits for.`;
}
