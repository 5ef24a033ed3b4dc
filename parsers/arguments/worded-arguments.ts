import type { Syscall } from '../../src/trace/syscalls.ts';
import { StraceArguments } from './strace-arguments.ts';

/** A call of a format that is not strace's, with arguments in strace's words. */
export interface WordedCall {
  readonly syscall: Syscall;
  readonly result: number;
  readonly error: string;
  readonly inFlight: boolean;
  readonly words: string | null;
  /** Bytes of a buffer, `\xNN` for what cannot be printed. */
  readonly data: string;
}

/** Arguments in words that another program printed. */
export class WordedArguments extends StraceArguments {
  readonly #told: WordedCall;

  constructor(call: WordedCall) {
    super({ syscall: call.syscall, args: bytesOf(call.words ?? ''), returned: returnedBy(call) });
    this.#told = call;
  }

  override get readyData(): number {
    if (this.#told.result !== 1 || this.#told.syscall.family !== 'epoll-wait') return -1;
    return this.ready()[0]?.data ?? -1;
  }

  override get head(): string {
    return this.#told.result > 0 ? bytesOf(/^[A-Z][^\\"]*/.exec(this.#told.data)?.[0] ?? '') : '';
  }
}

/** What stands behind `=` where nothing but the number is told. */
export function returnedBy({ inFlight, result, error }: Pick<WordedCall, 'inFlight' | 'result' | 'error'>): string {
  if (inFlight) return '';
  if (Number.isNaN(result)) return `? ${error}`;
  return error === '' ? String(result) : `-1 ${error}`;
}

const BEYOND_ASCII = /[^\x00-\x7f]/;

/** Text as a string of bytes, which arguments are in every format. */
export function bytesOf(text: string): string {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}
