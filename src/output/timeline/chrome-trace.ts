import { MICROSECOND, type Nanoseconds } from '../../trace/time.ts';
import type { Details, EncodedEvent, EncodedProcess, EncodedTrack, TimelineEncoder, Write } from './encoder.ts';

const PIECE = 65_536;

interface Begun {
  readonly time: Nanoseconds;
  readonly event: EncodedEvent;
}

/** The Trace Event Format of Chrome, JSON: opens in speedscope, DevTools and ui.perfetto.dev. */
export class ChromeTraceEncoder implements TimelineEncoder {
  readonly #write: Write;
  readonly #text = new TextEncoder();
  /** Slices that have begun, of each track the outer ones first: a complete event has its length beside its begin. */
  readonly #begun = new Map<number, Begun[]>();
  #piece = '{"displayTimeUnit":"ms","traceEvents":[';
  #isFirst = true;

  constructor(write: Write) {
    this.#write = write;
  }

  process({ pid }: EncodedProcess, name: string): void {
    if (name !== '') this.#put(`"ph":"M","name":"process_name","pid":${pid},"args":${JSON.stringify({ name })}`);
  }

  track({ process: { pid }, tid }: EncodedTrack, name: string): void {
    const args = JSON.stringify({ name });
    this.#put(`"ph":"M","name":"thread_name","pid":${pid},"tid":${tid},"args":${args}`);
  }

  begin({ number }: EncodedTrack, time: Nanoseconds, event: EncodedEvent): void {
    const begun = this.#begun.get(number);
    if (begun === undefined) this.#begun.set(number, [{ time, event }]);
    else begun.push({ time, event });
  }

  end(track: EncodedTrack, time: Nanoseconds): void {
    const begun = this.#begun.get(track.number)?.pop();
    if (begun === undefined) return;
    const length = microseconds(time - begun.time);
    this.#put(`"ph":"X","ts":${microseconds(begun.time)},"dur":${length},${placeAndName(track, begun.event)}`);
  }

  instant(track: EncodedTrack, time: Nanoseconds, event: EncodedEvent): void {
    this.#put(`"ph":"i","s":"t","ts":${microseconds(time)},${placeAndName(track, event)}`);
  }

  finish(_track: EncodedTrack, details: Details): void {
    this.#piece += `\n],"otherData":${JSON.stringify(details)}}\n`;
    this.#flush();
  }

  #put(members: string): void {
    this.#piece += `${this.#isFirst ? '' : ','}\n{${members}}`;
    this.#isFirst = false;
    if (this.#piece.length >= PIECE) this.#flush();
  }

  #flush(): void {
    this.#write(this.#text.encode(this.#piece));
    this.#piece = '';
  }
}

/**
 * Without flows: as details they would differ from slice to slice, and speedscope takes slices with other details for
 * slices of another kind.
 */
function placeAndName({ process: { pid }, tid }: EncodedTrack, { name, category, details }: EncodedEvent): string {
  const args = Object.keys(details).length === 0 ? '' : `,"args":${JSON.stringify(details)}`;
  return `"pid":${pid},"tid":${tid},"cat":"${category}","name":${JSON.stringify(name)}${args}`;
}

/** Microseconds with three digits of nanoseconds, exact. */
function microseconds(time: Nanoseconds): string {
  return `${Math.floor(time / MICROSECOND)}.${String(time % MICROSECOND).padStart(3, '0')}`;
}
