import type { Nanoseconds } from '../../trace/time.ts';
import { ProtobufWriter } from '../protobuf.ts';
import type { Details, EncodedEvent, EncodedProcess, EncodedTrack, TimelineEncoder, Write } from './encoder.ts';

/** Fields of `perfetto.protos`, from `protos/perfetto/trace` of Perfetto. */
const TRACE = { packet: 1 };
const PACKET = { timestamp: 8, sequence: 10, trackEvent: 11, sequenceFlags: 13, trackDescriptor: 60 };
const DESCRIPTOR = { uuid: 1, name: 2, process: 3, thread: 4, parent: 5 };
const PROCESS = { pid: 1, name: 6 };
const THREAD = { pid: 1, tid: 2, name: 5 };
const EVENT = { annotations: 4, type: 9, track: 11, categories: 22, name: 23, flows: 47 };
const ANNOTATION = { bool: 2, unsigned: 3, text: 6, name: 10 };
const TYPE = { sliceBegin: 1, sliceEnd: 2, instant: 3 };
const SEQUENCE = 1;
/** Without this in the first packet a reader takes no names of threads. */
const STATE_CLEARED = 1;
const PIECE = 65_536;

/** Perfetto's own format, TrackEvent: opens in ui.perfetto.dev and `trace_processor`. */
export class PerfettoEncoder implements TimelineEncoder {
  readonly #write: Write;
  readonly #file = new ProtobufWriter(2 * PIECE);
  readonly #packet = new ProtobufWriter();
  readonly #message = new ProtobufWriter();
  readonly #part = new ProtobufWriter();
  #isFirst = true;

  constructor(write: Write) {
    this.#write = write;
  }

  process({ number, pid }: EncodedProcess, name: string): void {
    // What is of no process stands above all of them; to a reader, 0 is the idle process of the kernel.
    if (pid === 0) return;
    this.#part.clear();
    this.#part.number(PROCESS.pid, pid);
    // A reader keeps the first name, so none is told before all is known.
    if (name !== '') this.#part.text(PROCESS.name, name);
    this.#message.clear();
    this.#message.number(DESCRIPTOR.uuid, number);
    this.#message.message(DESCRIPTOR.process, this.#part);
    this.#put(0, PACKET.trackDescriptor);
  }

  track(track: EncodedTrack, name: string): void {
    const { number, process, tid, isThread } = track;
    this.#message.clear();
    this.#message.number(DESCRIPTOR.uuid, number);
    if (process.pid !== 0) this.#message.number(DESCRIPTOR.parent, process.number);
    if (isThread) {
      this.#part.clear();
      this.#part.number(THREAD.pid, process.pid);
      this.#part.number(THREAD.tid, tid);
      this.#part.text(THREAD.name, name);
      this.#message.message(DESCRIPTOR.thread, this.#part);
    } else this.#message.text(DESCRIPTOR.name, name);
    this.#put(0, PACKET.trackDescriptor);
  }

  begin(track: EncodedTrack, time: Nanoseconds, event: EncodedEvent): void {
    this.#event(track, time, TYPE.sliceBegin, event);
  }

  end({ number }: EncodedTrack, time: Nanoseconds): void {
    this.#message.clear();
    this.#message.number(EVENT.type, TYPE.sliceEnd);
    this.#message.number(EVENT.track, number);
    this.#put(time, PACKET.trackEvent);
  }

  instant(track: EncodedTrack, time: Nanoseconds, event: EncodedEvent): void {
    this.#event(track, time, TYPE.instant, event);
  }

  finish(track: EncodedTrack, details: Details): void {
    this.#event(track, 0, TYPE.instant, { name: 'about this file', category: 'drover', details, flows: [] });
    this.#flush();
  }

  #event({ number }: EncodedTrack, time: Nanoseconds, type: number, event: EncodedEvent): void {
    const { name, category, details, flows } = event;
    const message = this.#message;
    message.clear();
    for (const [key, value] of Object.entries(details)) this.#annotate(key, value);
    message.number(EVENT.type, type);
    message.number(EVENT.track, number);
    message.text(EVENT.categories, category);
    message.text(EVENT.name, name);
    for (const flow of flows) message.fixed64(EVENT.flows, flow);
    this.#put(time, PACKET.trackEvent);
  }

  #annotate(key: string, value: string | number | boolean): void {
    const part = this.#part;
    part.clear();
    part.text(ANNOTATION.name, key);
    if (typeof value === 'string') part.text(ANNOTATION.text, value);
    else if (typeof value === 'boolean') part.number(ANNOTATION.bool, value ? 1 : 0);
    else part.number(ANNOTATION.unsigned, value);
    this.#message.message(EVENT.annotations, part);
  }

  #put(time: Nanoseconds, field: number): void {
    const packet = this.#packet;
    packet.clear();
    packet.number(PACKET.timestamp, time);
    packet.number(PACKET.sequence, SEQUENCE);
    packet.message(field, this.#message);
    if (this.#isFirst) packet.number(PACKET.sequenceFlags, STATE_CLEARED);
    this.#isFirst = false;
    this.#file.message(TRACE.packet, packet);
    if (this.#file.length >= PIECE) this.#flush();
  }

  #flush(): void {
    this.#write(this.#file.bytes);
    this.#file.clear();
  }
}
