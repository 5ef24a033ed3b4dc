import { textOfEscaped } from '../../src/trace/utf8.ts';
import type { EnteredCall, LineParts, RawLines, Stamp } from '../format.ts';

/** A pid or `[pid 17]`, and the time behind it. */
const TIME = /^((?:\[pid +\d+\] |\d+(?:<[^>]*>)? )?)( *(?:\d+\.\d{3,9}|\d\d:\d\d:\d\d(?:\.\d+)?) +)(?=\S)/;
const EPOCH = /(?:^|[\s\]])(\d{9,11}\.\d{3,9})\s/;
const DAY = /(?:^|[\s\]])(\d\d):(\d\d):(\d\d(?:\.\d{1,9})?)\s/;
/** A time stands near the beginning of a line. */
const BEGINNING = 60;
/** A pid, a time, and a call whose line has no end. */
const ENTRY = /^(?:\[pid +)?(\d{1,10})\]? +(\d{1,11}\.\d{1,9}) +(\w+)\(([^"]{0,80})/;

/**
 * Lines as strace writes them, `4127 1795140810.1 read(3, "", 8) = 0 <0.000003>`; drover quotes other tracers so, too.
 */
export const callNotation: RawLines = {
  parts(line: string): LineParts {
    const [prefix = '', owner = '', time = ''] = TIME.exec(line) ?? [];
    const rest = line.slice(prefix.length);
    const [body, results] = splitResult(rest, rest.lastIndexOf(' = '));
    return { owner, time, body, results };
  },

  stamp(line: string): Stamp | null {
    const beginning = line.slice(0, BEGINNING);
    const epoch = EPOCH.exec(beginning)?.[1];
    if (epoch !== undefined) return { clock: 'epoch', seconds: Number(epoch) };
    const [, hours, minutes, seconds] = DAY.exec(beginning) ?? [];
    if (seconds === undefined) return null;
    return { clock: 'day', seconds: Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds) };
  },

  openCall(line: string): EnteredCall | null {
    const [, tid, seconds, call, args = ''] = ENTRY.exec(line) ?? [];
    if (call === undefined) return null;
    const target = textOfEscaped(/^\d+<([^>]*)>/.exec(args)?.[1] ?? '');
    return { tid: Number(tid), seconds: Number(seconds), call, target };
  },
};

/** Lines of which nothing is known but that they are text. */
export const plainLines: RawLines = {
  parts: (line) => ({ owner: '', time: '', body: line, results: [] }),
  stamp: () => null,
  openCall: () => null,
};

/**
 * Cuts `accept4(3) = -1 EAGAIN (Resource temporarily unavailable) <0.000012>` where the result begins, at `=` or a
 * blank in front of it (negative: there is none). The name of an errno says enough: its text goes first, then the
 * duration.
 */
export function splitResult(line: string, at: number): [body: string, results: readonly string[]] {
  if (at < 0) return [line, []];
  const body = line.slice(0, at).trimEnd();
  const whole = line.slice(body.length);
  const result = ` ${whole.trimStart()}`.replace(/ \([A-Z][^()]*\)/, '');
  return [body, [whole, result, result.replace(/ <[\d.]+>$/, '')]];
}
