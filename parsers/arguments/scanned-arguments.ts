import type { Flag } from '../../src/trace/call-arguments.ts';
import { firstData, headEnd, headStart, inetAddress } from '../text/argument-scan.ts';
import { latin1 } from '../text/line-reference.ts';
import { type ArgumentWord, RAW_WORD, scannedFor } from './argument-words.ts';
import { StraceArguments, type TracedText } from './strace-arguments.ts';

/** A call whose arguments are bytes of a buffer, `argsFrom..argsTo`: the whole ones, or the second half of them. */
export interface ScannedCall extends TracedText {
  readonly result: number;
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly argsFrom: number;
  readonly argsTo: number;
  /** Either half holds the word. */
  holds(word: ArgumentWord): boolean;
}

/** Arguments in strace's words whose frequent questions are answered from the bytes, without a string being made. */
export class ScannedArguments extends StraceArguments {
  readonly #scanned: ScannedCall;

  constructor(call: ScannedCall) {
    super(call);
    this.#scanned = call;
  }

  override has(flag: Flag): boolean {
    const call = this.#scanned;
    const family = scannedFor(call.syscall.family, flag);
    if (family === null) return super.has(flag);
    return call.holds(flag as ArgumentWord) || (call.holds(RAW_WORD[family]) && super.has(flag));
  }

  override setsNonblocking(): boolean | 'untold' | null {
    const call = this.#scanned;
    // With -X raw the command is a number.
    // An address in the place of the value (`-e verbose=none`) says nothing.
    if (call.syscall.family === 'ioctl')
      return call.holds('[1]') && call.holds('FIONBIO') ? true : super.setsNonblocking();
    return call.holds('F_SETFL') ? call.holds('O_NONBLOCK') : super.setsNonblocking();
  }

  override get readyData(): number {
    const { result, bytes, view, argsFrom, argsTo } = this.#scanned;
    return result === 1 ? firstData(bytes, view, argsFrom, argsTo) : -1;
  }

  override get inetAddress(): number {
    const { bytes, view, argsFrom, argsTo } = this.#scanned;
    return inetAddress(bytes, view, argsFrom, argsTo);
  }

  override get head(): string {
    const { result, bytes, argsFrom, argsTo } = this.#scanned;
    const start = result > 0 ? headStart(bytes, argsFrom, argsTo) : -1;
    return start < 0 ? '' : latin1(bytes, start, headEnd(bytes, start, argsTo));
  }
}
