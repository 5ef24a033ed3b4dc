import { acceptedBy } from '../model/machine/accepted-by.ts';
import type { Request } from '../model/machine/connections.ts';
import type { Listener } from '../model/machine/listener.ts';

/** What clients call it by: the port of an address, or the path of a socket; '' where only a number of it is known. */
export function placeOf(listener: Listener | null): string {
  const name = listener?.name ?? '';
  return /:(\d+)$/.exec(name)?.[1] ?? (name.startsWith('unix:') || name.startsWith('/') ? name : '');
}

/** Whether two requests came to one service, as far as the capture tells: a proxy and what stands behind it are two. */
export function isOneService({ connection: one }: Request, { connection: other }: Request): boolean {
  if (one.listener !== null && one.listener === other.listener) return true;
  const [place, otherPlace] = [placeOf(one.listener), placeOf(other.listener)];
  if (place !== '' && otherPlace !== '') return place === otherPlace;
  const { process } = acceptedBy(one);
  const otherProcess = acceptedBy(other).process;
  if (process === otherProcess) return one.listener === null || other.listener === null;
  // Workers that each have a socket of their own are children of one master, or at least the same program.
  if (process.parent !== null || otherProcess.parent !== null) return process.parent === otherProcess.parent;
  return process.server === otherProcess.server;
}
