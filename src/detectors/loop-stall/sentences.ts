import type { Process } from '../../model/machine/process.ts';
import { sharedWaitOf } from '../../model/machine/shared-waits.ts';
import type { Stop } from '../../model/machine/stop.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { NOTED, type OffCpu } from '../../model/machine/turn.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { portOf, protocolOfPort } from '../../trace/payload.ts';
import { syscall } from '../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import type { Capabilities } from '../capabilities.ts';
import { CAUSE_IN_WORDS, type Cause, type Reason } from '../stall-cause/cause.ts';
import { everyOne, workerName } from '../words.ts';
import type { Stall } from './stall-group.ts';

/** A single gap of this share of a stall is the stall. */
export const ONE_GAP = 0.6;
/** Corrections below this share of a stall are not worth a sentence. */
const NOTABLE = 0.1;

const STARVED_SHARE = 0.3;
/** Below it the sleeps themselves are not what took the time. */
const MOST_ASLEEP = 0.6;

const WHY_NOT_RUNNING = 'Possible reasons: a CPU quota, no free CPU, page faults, or the tracer';

/** Whether the worker waited for a processor for so large a part of the stall that the finding must say so. */
export function isStarved({ length, offCpu }: Stall): boolean {
  return offCpu !== null && offCpu.queued >= STARVED_SHARE * length;
}

/** Whether waiting for a processor took most of the stall: then the advice is about the machine, not about the code. */
export function isMostlyStarved({ length, offCpu }: Stall): boolean {
  return offCpu !== null && offCpu.queued >= length / 2;
}

/** Whether the scheduler says that the worker was on a CPU for nearly all of the stall. */
export function isKnownToRun({ length, offCpu }: Stall): boolean {
  return offCpu !== null && offCpu.queued + offCpu.blocked < NOTABLE * length;
}

export function percentQueued({ length, offCpu }: Stall): number {
  return Math.round((100 * (offCpu?.queued ?? 0)) / length);
}

function atLeast({ open, beganBefore }: Stall): string {
  return open || beganBefore ? 'at least ' : '';
}

/** What the longest of `count` stalls was, and who waited meanwhile. */
export function summaryOf(
  thread: Thread,
  stall: Stall,
  count: number,
  total: number,
  capabilities: Capabilities,
): string {
  const { pid } = thread.process;
  const shared = sharedWaitOf(thread);
  const whom =
    stall.request === ''
      ? stall.isOfAny
        ? ` for one of ${stall.requestsRead} requests that it had read, and nothing tells for which`
        : ''
      : stall.afterReply
        ? ` after its reply to ${theRequest(stall.request)}`
        : ` while serving ${theRequest(stall.request)}`;
  const times = count === 1 ? '' : ` ${plural(count, 'stall')} of this kind, together ${duration(total)}.`;
  const waiting = stall.waitingCount();
  const kept =
    waiting === 0
      ? ''
      : ` Meanwhile at least ${waiting === 1 ? '1 other request was' : `${waiting} other requests were`} kept waiting.`;
  const away =
    stall.reason.stop !== null
      ? `${workerName(pid)} did nothing for `
      : shared === null
        ? `${workerName(pid)} did not get back to its event loop for `
        : `${everyOne(shared.joined, 'threads')} of ${pid} that share one epoll set were away from it for `;
  return (
    away +
    `${atLeast(stall)}${duration(stall.length)}${whom}: ` +
    `${whatHappened(stall)}.${times}${kept}${accuracyNote(stall, capabilities)}`
  );
}

/** What was not read as a request is named by its connection. */
function theRequest(name: string): string {
  return name.startsWith('connection ') ? `the ${name}` : name;
}

function whatHappened(stall: Stall): string {
  const { cause, call, stop, total } = stall.reason;
  if (stop !== null) return `${stop.signal}${senderOf(stop)} stopped the worker for ${duration(total)}`;
  if (cause === 'not-running') return notRunning(stall);
  if (call !== '') return inCall(stall);
  if (cause === 'many-requests')
    return (
      `the worker served ${stall.requestsRead} requests in a row before the loop waited again, and none of them took ` +
      'most of that time'
    );
  if (cause === 'one-connection')
    return `the worker served ${stall.requestsRead} requests of one connection before the loop waited again`;
  if (cause === 'import')
    return `the worker opened program files, as an import does, with ${plural(stall.calls, 'call')} in all`;
  const pattern =
    cause === 'patched-thread-pool'
      ? '. The work goes on beside the request or after its reply, and the process started no native thread. A job ' +
        'of a thread pool looks like this where gevent patched the pool: the jobs run on the loop'
      : '';
  if (stall.reason.estimated)
    return (
      `no line for ${duration(stall.longestGap)} (in the call before, running, or waiting for a CPU: without ` +
      `-T one cannot tell)${pattern}`
    );
  if (stall.spinsIn !== '')
    return (
      `the worker spins: ${plural(stall.calls, 'call')}, nearly all of them ${stall.spinsIn}, which waits for ` +
      'nothing (running, or waiting for a CPU)'
    );
  if (stall.longestGap >= ONE_GAP * stall.length)
    return `no system call for ${duration(stall.longestGap)} (${onOrOff(stall.longestGap, stall.gapOffCpu)})${pattern}`;
  const longest = stall.longestGap < MILLISECOND ? '' : ` and no gap over ${duration(stall.longestGap)}`;
  return (
    `${duration(stall.outside)} outside system calls (${onOrOff(stall.outside, stall.offCpu)}), with ` +
    `${plural(stall.calls, 'call')} in between${longest}${pattern}`
  );
}

function senderOf({ sender }: Stop): string {
  return sender === 0 ? '' : `, sent by pid ${sender},`;
}

/** The calls that wait for nothing are the proof, whatever else it could not do meanwhile. */
function notRunning({ reason, outside, longestGap, gapOffCpu, rhythm }: Stall): string {
  const { call, total } = reason;
  const gap =
    call !== '' && (outside < total || longestGap < NOTED) ? '' : `no system call for ${duration(longestGap)}`;
  const parts = [call === '' ? '' : pausedCalls(reason), gap].filter((part) => part !== '');
  if (rhythm !== null)
    return (
      `the worker did not run: ${parts.join(', and ')}. A pause ended every ${duration(rhythm.period)} ` +
      `(${rhythm.beats} pauses), as with a CPU quota`
    );
  return call === '' && gapOffCpu !== null
    ? `the worker did not run (${onOrOff(longestGap, gapOffCpu)}): ${parts.join(', ')}`
    : `the worker did not run: ${parts.join(', and ')}. ${WHY_NOT_RUNNING}`;
}

/** An accept may wait, but not for a client of which the loop's wait had told. */
const WAITING_CLIENT = /^accept4?$/;

function pausedCalls({ call, callTime, total, rungs, target, isBrief }: Reason): string {
  if (isBrief) return `${call}${target === '' ? '' : ` on ${target}`}, which rarely waits, took ${duration(callTime)}`;
  const isSleep = syscall(call).family === 'sleep';
  const why = WAITING_CLIENT.test(call)
    ? 'whose client was there already'
    : isSleep
      ? 'which should have ended long before'
      : 'which never blocks';
  if (rungs <= 1) return `${call}, ${why}, took ${duration(callTime)}`;
  const which = `${rungs} calls that never block${isSleep ? ', or should have ended long before,' : ''}`;
  return `${which} took ${duration(total)} (the longest: ${call}, ${duration(callTime)})`;
}

/** What the scheduler says of time outside calls; without it nobody can tell. */
function onOrOff(length: Nanoseconds, offCpu: OffCpu | null): string {
  if (offCpu === null) return 'running, or waiting for a CPU';
  const { queued, blocked } = offCpu;
  const running = `on CPU ${duration(Math.max(0, length - queued - blocked))} of ${duration(length)}`;
  const waits = queued >= NOTABLE * length ? `, waiting for a CPU ${duration(queued)}` : '';
  return `${running}${waits}${blocked >= NOTABLE * length ? `, blocked ${duration(blocked)}` : ''}`;
}

function inCall({ reason, length }: Stall): string {
  const { cause, call, callTime, total, rungs, estimated, target, query, isBrief } = reason;
  const on = target === '' ? '' : ` on ${target}`;
  const meaning = `(${CAUSE_IN_WORDS[cause]}${query === '' ? '' : `, asked: ${query}`})`;
  const upTo = estimated ? ' up to the next line' : '';
  if (isBrief)
    return (
      `${rungs > 1 ? `${rungs} ${call} calls` : call}${on} took ${duration(total)} ${meaning}. A call ` +
      'this short rarely waits for a disk: unless the file is a pipe or far away, the worker may not have been running'
    );
  if (cause === 'sleep' && total < MOST_ASLEEP * length)
    return (
      `it called ${call} ${rungs} times and hardly anything else, as a thread does that looks again and again for ` +
      `what it waits for. It was asleep for ${duration(total)} of that time`
    );
  if (rungs > 1)
    return (
      `${rungs} ${call} calls${on} took ${duration(total)} together${upTo}, the longest ${duration(callTime)} ` +
      `${meaning}`
    );
  return `${call}${on} took ${duration(callTime)}${upTo} ${meaning}`;
}

function accuracyNote({ length, tracer }: Stall, { resolution }: Capabilities): string {
  if (resolution > MILLISECOND)
    return ' With times in whole seconds the stall may have been up to a second shorter or longer.';
  return tracer > NOTABLE * length ? ` About ${duration(length - tracer)} without what the tracer added.` : '';
}

/** Services with a usual port that other threads of the process connect to: `127.0.0.1:9092 (Kafka by convention)`. */
export function helperPeers({ helperPeers: peers }: Process): string[] {
  return peers.flatMap((peer) => {
    const protocol = protocolOfPort(portOf(peer));
    return protocol === '' || protocol === 'DNS' ? [] : [`${peer} (${protocol} by convention)`];
  });
}

/** A futex does not say what it waits for: the peers of the library's own threads are the best hint. */
export function helperNote(cause: Cause, peers: readonly string[]): string {
  if ((cause !== 'futex-ladder' && cause !== 'lock') || peers.length === 0) return '';
  const names = peers.slice(0, 3).join(', ');
  return ` Other threads of this process connect to ${names}; the library may wait for that service.`;
}
