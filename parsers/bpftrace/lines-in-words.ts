import { createTimeOrigin } from '../../src/trace/time.ts';
import { LaneTable } from '../lanes.ts';
import { BpftraceParser } from './parser.ts';
import { foreignColumnsOf } from './sniff.ts';

/** `event=start` ties the clocks together and names the machine. */
const START = /\bevent=start\b/;
/** What a thread was in before: lines of the thread that follow would hide it. */
const EARLIER = /\bevent=in\b/;

/**
 * Puts lines of a capture, whose first bytes are these, in the words that evidence has; a line that tells of no call
 * and no event stays. Descriptors are numbers: what they stood for depends on all lines before.
 */
export function linesInWords(head: Buffer): (lines: readonly string[]) => readonly string[] {
  const foreign = foreignColumnsOf(head);
  const start = head
    .toString('latin1')
    .split('\n')
    .filter((line) => START.test(line))
    .slice(0, 1);
  const read = (lines: readonly string[], before: number): ReadonlyMap<number, string> => {
    const parser = new BpftraceParser({ file: '', lanes: new LaneTable(), origin: createTimeOrigin() }, foreign);
    parser.push(Buffer.from([...lines, ''].join('\n')));
    const told = new Map<number, string>();
    const take = (): void => {
      for (let record = parser.next(); record !== null; record = parser.next())
        if ('text' in record && record.text !== '') told.set(record.line - before - 1, record.text);
    };
    take();
    parser.end();
    take();
    for (const call of parser.inFlight()) told.set(call.line - before - 1, call.text);
    return told;
  };
  return (lines) => {
    const others = lines.map((line) => (EARLIER.test(line) ? '' : line));
    const told = read([...start, ...others], start.length);
    // They stand in front of the start.
    const earlier = (line: string): string | undefined => read([line, ...start], 0).get(0);
    return lines.map((line, index) => (EARLIER.test(line) ? earlier(line) : told.get(index)) ?? line);
  };
}
