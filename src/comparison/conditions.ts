import type { Report, Source } from '../analysis/report.ts';
import { durationOfMs, plural } from '../trace/format-numbers.ts';
import { figure } from './change.ts';
import type { Side } from './comparison.ts';
import { SAME_LOAD } from './exposure.ts';

const SAME_LENGTH = 3;

/** What else differs between two reports, one sentence each. */
export function conditionsOf(before: Report, after: Report, sides: readonly [Side, Side]): readonly string[] {
  const [old, now] = sides;
  return [
    software(old, now),
    load(old, now),
    lengths(old, now),
    workers(old, now),
    tracers(before.source, after.source),
    ...abilities(before.source, after.source),
    ...losses(before, 'BEFORE'),
    ...losses(after, 'AFTER'),
    hosts(before, after),
    versions(before, after),
  ].filter((sentence) => sentence !== '');
}

/**
 * Whether the two are captures of different software; the kind of its workers (`gunicorn gevent`) may be what changed.
 */
export function areOfDifferentServers(before: Side, after: Side): boolean {
  if (before.servers.length === 0 || after.servers.length === 0) return false;
  const names = new Set(after.servers.map(softwareOf));
  return !before.servers.some((server) => names.has(softwareOf(server)));
}

function softwareOf(server: string): string {
  return server.split(' ', 1)[0] ?? server;
}

function software(before: Side, after: Side): string {
  if (!areOfDifferentServers(before, after)) return '';
  return `BEFORE is a capture of ${before.servers.join(', ')}, and AFTER one of ${after.servers.join(', ')}.`;
}

function load(before: Side, after: Side): string {
  const [old, now] = [before.servedPerSecond, after.servedPerSecond];
  if (old === null || now === null || (old === 0 && now === 0) || isWithin(old, now, SAME_LOAD)) return '';
  return `The load differs: BEFORE served ${figure(old)} requests a second, AFTER ${figure(now)}.`;
}

function lengths({ durationMs: old }: Side, { durationMs: now }: Side): string {
  if (old === null || now === null || isWithin(old, now, SAME_LENGTH)) return '';
  return `BEFORE lasts ${durationOfMs(old)}, AFTER ${durationOfMs(now)}.`;
}

function workers({ workers: old }: Side, { workers: now }: Side): string {
  return old === now ? '' : `BEFORE shows ${plural(old, 'worker')}, AFTER ${now}.`;
}

function tracers(before: Source, after: Source): string {
  if (before.format === after.format) return '';
  return (
    `BEFORE was recorded by ${before.format} and AFTER by ${after.format}, which slow a process down differently: ` +
    'lengths do not compare.'
  );
}

const ABILITIES = {
  durations: 'how long calls took (-T)',
  pids: 'which process made a call (-f)',
  stacks: 'stacks (-k)',
} as const;

function abilities({ flags: old }: Source, { flags: now }: Source): string[] {
  const told = Object.entries(ABILITIES).flatMap(([name, what]) => {
    const [first, second] = [old[name as keyof typeof ABILITIES], now[name as keyof typeof ABILITIES]];
    return first === second ? [] : [`Only ${first ? 'BEFORE' : 'AFTER'} tells ${what}.`];
  });
  if (old.fdDecoration === now.fdDecoration) return told;
  const isNamed = (flags: Source['flags']): boolean => flags.fdDecoration !== 'none' && flags.fdDecoration !== '';
  if (isNamed(old) === isNamed(now)) return told;
  return [...told, `Only ${isNamed(old) ? 'BEFORE' : 'AFTER'} tells what descriptors are (-y).`];
}

function losses({ quality }: Report, name: string): string[] {
  const told: string[] = [];
  if (quality.lostEvents > 0) told.push(`${name} lost ${plural(quality.lostEvents, 'event')}.`);
  if (quality.grade !== 'good') told.push(`The data of ${name} are ${quality.grade}.`);
  return told;
}

function hosts(before: Report, after: Report): string {
  const [old, now] = [before.hosts?.length ?? 1, after.hosts?.length ?? 1];
  return old === now ? '' : `BEFORE is of ${plural(old, 'host')}, AFTER of ${now}.`;
}

function versions(before: Report, after: Report): string {
  if (before.tool.version === after.tool.version) return '';
  return `BEFORE was judged by drover ${before.tool.version}, AFTER by ${after.tool.version}.`;
}

function isWithin(a: number, b: number, factor: number): boolean {
  return a <= b * factor && b <= a * factor;
}
