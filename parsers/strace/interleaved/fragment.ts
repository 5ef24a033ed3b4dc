/** Behind more lines than this a cut call is given up. */
const MOST_LINES = 50;
const LONGEST = 65_536;
/** So much of the program's output is kept. */
const LONGEST_OUTPUT = 16_384;
/** What ends a call. */
const CLOSER = /^(?:\)\s+= |\s*<(?:unfinished|detached) \.\.\.>)/;
/** What goes on with a call behind a message. */
const CONTINUATION = /^(?:\)|,|\s*<(?:unfinished|detached) \.\.\.>|[ \]}]+\)|\s*= )/;
/** Behind a comma, and behind a result that is explained, strace writes a blank. */
const AT_BLANK = /[,=]$|= -?\d{1,20}(?: E[A-Z0-9]{2,15})?$/;
const RESULT_AT_END = /^(.*)(\)\s+= (-?\d+|\?)(?: E[A-Z0-9]+ \([^()]*\))?(?: <\d+(?:\.\d+)?>)?)$/s;

/**
 * A call whose line was cut in two by a message of the tracer, by output of the program, or by a terminal that was too
 * narrow.
 */
export class Fragment {
  /** The line where it began. */
  readonly line: number;
  readonly #head: string;
  #middle = '';
  /** The same with a blank for each break: mail programs break lines at blanks, which they take away. */
  #wrapped = '';
  #lines = 0;
  /** Bytes of the program's output that are still to come. */
  #output: number;
  #shown = 0;
  /** The program's output, as far as it was seen. */
  output = '';

  constructor(line: number, head: string, output: number) {
    this.line = line;
    this.#head = head;
    this.#output = output;
  }

  get lines(): number {
    return this.#lines;
  }

  /** What the call looks like without its end. */
  get text(): string {
    return this.#head + this.#middle;
  }

  /** Output of the program is expected, whatever it looks like. */
  get swallows(): boolean {
    return this.#output > 0;
  }

  /** It has grown too long to be a call. */
  get isExhausted(): boolean {
    return this.#lines > MOST_LINES || this.text.length > LONGEST;
  }

  /** Takes one more line and gives the texts that the whole call may have now. */
  add(line: string): readonly string[] {
    this.#lines++;
    if (this.isExhausted || line.length > LONGEST) return [];
    if (this.#output > 0) return this.#skipOutput(line);
    const before = this.#middle;
    const piece = line.startsWith('<') ? ` ${line}` : line;
    const isAtBlank = AT_BLANK.test(this.text);
    this.#middle += piece;
    this.#wrapped += ` ${line}`;
    const texts = [this.#head + this.#middle, this.#head + this.#wrapped];
    if (isAtBlank) texts.reverse();
    return before !== '' && CONTINUATION.test(line) ? [this.#head + piece, ...texts] : texts;
  }

  #skipOutput(line: string): readonly string[] {
    if (this.output.length < LONGEST_OUTPUT) this.output += `${line.slice(0, this.#output)}\n`;
    const [, before = '', end = '', result] = RESULT_AT_END.exec(line) ?? [];
    // A short write shows less than was asked for, and returns as much.
    if (end !== '' && Number(result) === this.#shown + before.length) return this.#endOutput(end);
    if (line.length < this.#output) {
      this.#output -= line.length + 1;
      this.#shown += line.length + 1;
      return [];
    }
    const rest = line.slice(this.#output);
    if (CLOSER.test(rest)) return this.#endOutput(rest);
    return end === '' ? [] : this.#endOutput(end);
  }

  #endOutput(end: string): readonly string[] {
    this.#output = 0;
    return [`${this.#head}${end.startsWith('<') ? ' ' : ''}${end}`];
  }
}
