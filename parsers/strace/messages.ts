/** A message of the tracer itself. */
export interface Message {
  readonly notice: 'attached' | 'detached' | 'other';
  /** The thread it speaks of; 0 when it names none. */
  readonly tid: number;
  /** Where it begins in the line: 0, or behind the piece of a call that it cut off. */
  readonly at: number;
}

const PROCESS =
  /Process (\d{1,9}) (attached|detached|suspended|resumed)(?: with \d+ threads)?(?: - interrupt to quit| \(waiting for parent\))?\s*$/y;
const TRACER = 'strace: ';
/** `upeek:` and `ptrace(` are messages of 4.x, the bracketed one stands behind the columns since 4.2x. */
const OTHER =
  /^(?:\S{0,256}strace: |upeek: |\s?<(?:ptrace\(|Cannot restart )|\[ Process PID=\d+ runs in |PANIC: attached pid )/;

/**
 * Finds `Process N attached` and its like at the end of a line (the prefix with the tracer's name came with 4.11), and
 * other messages at its beginning.
 */
export function readMessage(text: string): Message | null {
  const at = text.lastIndexOf('Process ');
  if (at >= 0 && text.length - at < 100) {
    PROCESS.lastIndex = at;
    const match = PROCESS.exec(text);
    const verb = match?.[2];
    if (match !== null && verb !== undefined) {
      return {
        notice: verb === 'attached' || verb === 'detached' ? verb : 'other',
        tid: Number(match[1]),
        at: beginning(text, at),
      };
    }
  }
  return OTHER.test(text) ? { notice: 'other', tid: 0, at: 0 } : null;
}

/** Goes back over `^C`, the tracer's name and its path. */
function beginning(text: string, process: number): number {
  let at = process;
  if (text.startsWith(TRACER, at - TRACER.length)) {
    at -= TRACER.length;
    if (text[at - 1] === '/') {
      while (at > 0 && !' \t"(),'.includes(text[at - 1] as string)) at--;
    } else if (text.startsWith('./', 0)) at = 0;
  }
  return text.startsWith('^C', at - 2) ? at - 2 : at;
}
