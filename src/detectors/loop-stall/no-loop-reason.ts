import { type Role, showsSocketOptions } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { RECORDING } from '../need.ts';
import { callsOf } from '../recorded.ts';

const SYNC =
  'These are sync workers: they serve one request at a time by design, so a long request is occupancy, not a stall.';
const UNCLEAR =
  'Cannot tell whether these are event loops: no ioctl or fcntl call was recorded, which would show how sockets ' +
  'wait. Record without -e.';
const VALUES_UNTOLD =
  'Cannot tell whether these are event loops: the capture does not show to what ioctl and fcntl set how sockets ' +
  'wait. ' +
  `Record with: ${RECORDING}`;
const NONE =
  'No event loop seen: no thread waits on a listener together with other sockets. Trace the workers, with their ' +
  'epoll_wait, poll or select calls.';
const UNTOLD =
  'Cannot tell what these processes are: none was seen to wait for connections together with other sockets. If they ' +
  'serve clients, record them while clients connect.';

/** Why nothing can be said of event loops where none was seen. */
export function noLoopReason(model: Model, roles: ReadonlyMap<Thread, Role>): string {
  const kinds = new Set(roles.values());
  if (kinds.has('sync-worker')) return SYNC;
  if ([...roles].some(([thread, role]) => role === 'unknown' && lacksOptions(thread)))
    return callsOf(model, 'ioctl', 'fcntl') === 0 ? UNCLEAR : VALUES_UNTOLD;
  if (kinds.has('blocking-acceptor')) return SYNC;
  return kinds.has('unknown') ? UNTOLD : NONE;
}

/** It waits for a listener, and how its sockets wait was not recorded. */
function lacksOptions({ accepts, loop, process }: Thread): boolean {
  const isUnseen = accepts.optionsUntold || !showsSocketOptions(process);
  return (loop.hub ?? loop.formerHub)?.hasListener === true && isUnseen;
}
