import { CAUSE_IN_WORDS, type Reason } from './cause.ts';

const LEAST_TARGET = 16;

/** What a worker does in the call that takes its time, in a few ways: the best first and the shortest last. */
export function waitIn({ cause, call, target }: Pick<Reason, 'cause' | 'call' | 'target'>): readonly string[] {
  const [place, name] = addressAndName(target);
  if (cause === 'child-wait')
    return place === ''
      ? [`waits for a child process (${call})`, 'waits for a child process']
      : [`waits for a child process, ${place} (${call})`, `waits for child ${place}`, `child ${place}`];
  if (place === '') return [`waits in ${call} (${CAUSE_IN_WORDS[cause]})`, `waits in ${call}`];
  // What is no service has nobody behind it whom a name would tell.
  if (place.startsWith('event fd '))
    return [`waits for a wake-up on ${place} (${call})`, `waits for a wake-up on ${place}`];
  if (place.startsWith('epoll fd ')) return [`waits in ${call} on ${place}`, `waits on ${place}`];
  if (BARE_DESCRIPTOR.test(place)) return [`waits in ${call} on ${place}`, `${call} on ${place}`];
  const shown = name === '' ? place : `${name} ${place}`;
  const cut = place.length > LEAST_TARGET * 2 ? `…${place.slice(1 - LEAST_TARGET * 2)}` : place;
  if (place.startsWith('/'))
    return [
      `waits in ${call} on ${shown}`,
      `${call} on ${shown}`,
      `${call} on ${cut}`,
      // The name of the file says more than its folders.
      ...(place.lastIndexOf('/') === 0 ? [] : [`${call} on …${place.slice(place.lastIndexOf('/'))}`]),
      `waits in ${call}`,
    ];
  return [`waits for ${shown} (${call})`, `waits for ${shown}`, `waits for ${place}`, `waits for ${cut}`];
}

/** `fd 7`, `socket fd 12`: a number says nothing of who is at its other end. */
const BARE_DESCRIPTOR = /^(?:\S+ )?fd \d+$/;

const TARGET = /^(.*?)(?: through epoll fd \d+)?(?: \(([^()]*?)(?: by convention)?\))?(?: through epoll fd \d+)?$/;

/** `10.0.0.7:3306` and `MySQL` of `10.0.0.7:3306 (MySQL)`. */
export function addressAndName(target: string): readonly [place: string, name: string] {
  const [, place = '', name = ''] = TARGET.exec(target) ?? [];
  return [place, name];
}
