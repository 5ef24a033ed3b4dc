import { beginsFailure } from '../../../trace/failure-words.ts';
import type { Call, Printed } from '../../../trace/record.ts';
import type { Nanoseconds } from '../../../trace/time.ts';
import { decodeUtf8 } from '../../../trace/utf8.ts';
import { keptLine } from '../../evidence.ts';
import { PerProcess } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import { FailureText, type LastWords } from './last-words.ts';
import { logOf } from './logs.ts';

/** Processes that printed something under their number, and are remembered until they end. */
const MOST_NAMED = 256;
/** Of one write so many bytes are looked at. */
const LONGEST_WRITE = 4_096;
/** `[11764]` or `pid: 11764` in a line of a log; single digits are other things as a rule. */
const NAMED_PID = /\[(\d{3,10})\]|\bpid[:= ]{1,3}(\d{3,10})\b/;

/** What each process printed of its last failure. */
const failureTexts = new PerProcess<FailureText>();

/** Collects what processes print of their failures: to their logs, and between the lines of the tracer. */
export class FailureTexts {
  /** The same as `failureTexts`, of processes that the program named in what it printed. */
  readonly #named = new Map<number, FailureText>();
  /** Whom the lines of the program belong to that come next, and the thread above them. */
  #speaker: { readonly text: FailureText; readonly thread: Thread } | null = null;

  /** The program's own output stands between the lines of the tracer. */
  printed({ text, file, line }: Printed, thread: Thread): void {
    const { process, lastTime } = thread;
    for (const [index, part] of text.split('\n').entries()) {
      const [, inBrackets, behindWord] = NAMED_PID.exec(part) ?? [];
      const pid = Number(inBrackets ?? behindWord ?? 0);
      if (pid > 0 && pid !== process.pid) this.#speaker = { text: this.#textOf(pid), thread };
      else if (pid > 0 || this.#speaker?.thread !== thread) this.#speaker = { text: textOf(process), thread };
      const shown = { file, line: line + index, text: part };
      this.#speaker.text.add(part, shown, { at: lastTime, accepted: process.accepted, log: '' });
    }
  }

  #textOf(pid: number): FailureText {
    const known = this.#named.get(pid);
    if (known !== undefined) return known;
    if (this.#named.size >= MOST_NAMED) for (const oldest of this.#named.keys()) if (this.#named.delete(oldest)) break;
    const made = new FailureText();
    this.#named.set(pid, made);
    return made;
  }

  /** A thread wrote: it may be its log. */
  wrote(call: Call, thread: Thread): void {
    const log = call.result > 0 ? logOf(call, thread) : null;
    if (log !== null) wrote(call, thread, log);
  }

  /** A process has ended, which line `line` tells. Returns what it printed of its failure before; null for nothing. */
  take(
    { pid, process, at }: { readonly pid: number; readonly process: Process | null; readonly at: Nanoseconds },
    line: number,
  ): LastWords | null {
    const accepted = process?.accepted ?? 0;
    const own = process === null ? undefined : failureTexts.of(process);
    const words = own?.before(at, line, accepted) ?? this.#named.get(pid)?.before(at, line, accepted) ?? null;
    this.#named.delete(pid);
    return words;
  }
}

function wrote(call: Call, { process }: Thread, log: string): void {
  const { arguments: asked, result, end } = call;
  const [first, ...others] =
    call.syscall.name === 'writev' ? asked.payloads(LONGEST_WRITE) : [asked.payload(LONGEST_WRITE) ?? ''];
  const bytes = [first ?? '', ...others].join('');
  const known = failureTexts.of(process);
  if (bytes === '' || (known === undefined && !bytes.split('\n').some(beginsFailure))) return;
  const text = known ?? textOf(process);
  text.write(decodeUtf8(bytes), result > bytes.length, keptLine(call), { at: end, accepted: process.accepted, log });
}

function textOf(process: Process): FailureText {
  return failureTexts.of(process) ?? failureTexts.set(process, new FailureText());
}
