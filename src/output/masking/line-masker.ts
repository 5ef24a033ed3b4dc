import { withoutBareBuffer } from './bare-buffer.ts';
import { decode, LineStrings, loose } from './line-strings.ts';
import { announcesSecret, isState, type LineKind, wordShown } from './line-words.ts';
import { maskPath, maskTarget } from './mask-path.ts';
import { isRandom } from './randomness.ts';
import { namesSecret } from './secret-words.ts';
import { maskName, maskSecrets, sizeOf } from './shapes.ts';

/**
 * The name of a thread behind its number (`-Y`), in front of its number (perf trace, bpftrace): a name, by contract.
 */
const THREAD_NAME =
  /^(\s{0,12}(?:\[pid\s{1,8})?\d{1,10}<)([^<>]{1,64})(?=>)|^(\s{0,16}[\d.?]{1,20} \(\s{0,12}[\d.]{0,12}\s{0,12}(?:ms)?\s{0,12}\): )([^/]{1,40})(?=\/\d{1,10} )|^((?:[\d:.]{1,24} )?)([\w.:-]{1,16})(?=\[\d{1,10}\] [a-z_])/;
const TRACER_CALL =
  /(?:^|[\s\]>])[a-z_][a-z0-9_]{1,40}\(|<\.\.\. [a-z_?][a-z0-9_?]{0,40} resumed|\.\.\. \[continued\]: |\) {1,40}= (?:-?\d|0x|\?)/;
const NO_CALL = /^[\s\d:.[\]pid()+]{0,60}(?:--- SIG[A-Z0-9_]{2,12} |\+\+\+ (?:exited with \d|killed by SIG))/;
const PERF = /^\s{0,16}[\d.?]{1,20} \(\s{0,12}[\d.]{0,12}\s{0,12}(?:ms)?\s{0,12}\): /;
/** What strace prints around arguments in the manner of a call. */
const DECODERS: ReadonlySet<string> = new Set(
  (
    'inet_addr inet_pton htons htonl ntohs ntohl makedev if_nametoindex msg_name msg_iov msg_control msg_flags ' +
    'cmsg_len KERNEL_VERSION QCMD'
  ).split(' '),
);
/** What stands directly in front of a call where two lines ran into each other. */
const NOT_OF_NAME = /^[^a-z_]{1,200}/;
const CALL_NAME = /^[a-z_][a-z0-9_]{0,40}$/;
const SPACE = /\s+/y;
const WORD = /[^\s()[\]{}<>,;="'|&!*?^`]+/y;
/** The arguments that drover's own program prints: `=d,2af7190,2000,0`. */
const PRINTED_ARGUMENTS = /=[0-9a-f]{1,16}(?:,[0-9a-f]{1,16}){0,5}(?=\s|$)/y;
const REST_OF_WORD = /[^\s"]*[^\s"()[\]{}<>,;.:'=]/y;
const MARK = /<(?:[\d,]+ bytes?|removed|unfinished \.{3}|detached \.{3}|[\d.]{1,24})>/y;
const RESUMED = /<\.\.\. ([a-z_?][a-z0-9_?]{0,40}) resumed>?/y;
/** A character as strace writes those of a terminal. */
const CHARACTER = /'(?:\\(?:[0-7]{1,3}|x[0-9a-f]{2}|[^])|[^'\\\w])'/y;
/**
 * What strace prints after the quote that ends a string. In payload any other quote is taken as a part of it: too much
 * is removed, never too little.
 */
const AFTER_STRING = /(?:,|\)|\}|\]|>|\.\.\.|=>|\s*$| <| +=| \/\*| \|)/y;

/** What stands in front of the name of a module or function that a program misses. */
const BEFORE_CODE_NAME =
  /(?:\bmodule(?: named)?|\bimport name|\bsuch file --|\bundefined (?:function|method|local variable or method|symbol:)|\bno attribute|\bcommand) ?['`]?$/i;
const CODE_NAME = /^[A-Za-z_][\w.-]{0,60}$/;

/**
 * Goes once over one line, word by word and string by string: what is structure or harmless stays, everything else is
 * counted.
 */
export class LineMasker {
  readonly #line: string;
  #kind: LineKind;
  readonly #strings = new LineStrings();
  #done = '';
  #at = 0;
  /** Where words that may not be shown began and ended; -1: there are none. */
  #hidden = -1;
  #hiddenEnd = -1;
  /** No name of a descriptor ends in front of it. */
  #noNameBefore = 0;
  /** The word in front was a method: a path behind it is what a client asked for. */
  #isAsked = false;
  /** A word said that a secret follows. */
  #isAnnounced = false;
  /** The value of a field with a secret name follows. */
  #isSecretField = false;

  constructor(line: string) {
    const isPerf = PERF.test(line);
    this.#line = isPerf ? withoutBareBuffer(line) : line;
    this.#kind = {
      isTrace: isPerf || TRACER_CALL.test(line) || NO_CALL.test(line) || /^(?:ts|event)=/.test(line),
      isPerf,
      argument: '',
    };
  }

  masked(): string {
    const line = this.#line;
    const name = THREAD_NAME.exec(line);
    if (name !== null) {
      const [whole] = name;
      const head = name[1] ?? name[3] ?? name[5] ?? '';
      this.#done = head + maskSecrets(whole.slice(head.length));
      this.#at = whole.length;
    }
    while (this.#at < line.length) this.#step(line[this.#at] ?? '');
    this.#show('');
    return this.#done;
  }

  #step(character: string): void {
    if (character === '"') this.#string();
    else if (character === '<') this.#angle();
    else if (character === "'" && this.#kind.isTrace && matchAt(CHARACTER, this.#line, this.#at) !== '')
      this.#show(matchAt(CHARACTER, this.#line, this.#at));
    else if (matchAt(SPACE, this.#line, this.#at) !== '') this.#pass(matchAt(SPACE, this.#line, this.#at).length);
    else {
      const word = matchAt(WORD, this.#line, this.#at);
      if (word === '') this.#punctuation(character);
      else this.#word(word);
    }
  }

  #word(word: string): void {
    const end = this.#at + word.length;
    const next = this.#line[end] ?? '';
    if (this.#isSecretField ? word !== 'NULL' : this.#isAnnounced && !isState(word)) {
      this.#hide(word);
      return;
    }
    if (word === '\\' || word === '/') {
      this.#show(word);
      return;
    }
    const call = next === '(' ? word.replace(NOT_OF_NAME, '') : '';
    if (next === '(' && !DECODERS.has(word)) this.#strings.call(call, false);
    const isCall = this.#kind.isTrace && this.#hidden < 0 && CALL_NAME.test(call);
    const isTarget = this.#isAsked && /^(?:\/|https?:)/.test(word);
    this.#isAsked = /^[A-Z]{3,16}$/.test(word);
    const shown = isTarget
      ? maskTarget(word)
      : isCall
        ? /^\d*$/.test(word.slice(0, -call.length))
          ? word
          : null
        : !this.#kind.isTrace && this.#isCodeName(word)
          ? word
          : wordShown(word, this.#line[this.#at - 1] ?? '', next, this.#kind);
    if (shown === null) this.#hide(word);
    else this.#show(word, shown);
    if (this.#kind.isPerf && word.endsWith(':')) this.#kind = { ...this.#kind, argument: word.slice(0, -1) };
    if (next === '=' && word === 'a' && this.#kind.isTrace)
      this.#show(matchAt(PRINTED_ARGUMENTS, this.#line, this.#at));
    else if (next === '=' && namesSecret(word)) this.#isSecretField = true;
    else if (!this.#kind.isTrace && announcesSecret(word)) this.#isAnnounced = true;
  }

  /** The name of code that is missing is what its reader asks for, and no secret. */
  #isCodeName(word: string): boolean {
    const before = this.#line.slice(Math.max(0, this.#at - 40), this.#at);
    return CODE_NAME.test(word) && BEFORE_CODE_NAME.test(before) && !isRandom(word);
  }

  #string(): void {
    const line = this.#line;
    const open = this.#at;
    const before = line.slice(Math.max(0, open - 40), open);
    const isName = this.#strings.isName(before);
    const close = closingQuote(line, open + 1, isName);
    const content = line.slice(open + 1, close);
    const isCut = close >= line.length || line.startsWith('...', close + 1);
    const whole = line.slice(open, line.startsWith('...', close + 1) ? close + 4 : close + 1);
    const secret = this.#isSecretField || this.#isAnnounced;
    if (secret && !/^[<\w ]{0,30}>?$/.test(content)) this.#show(whole, `"${sizeOf(content)}"`);
    else if (secret) this.#show(whole, isState(content) && this.#isAnnounced ? whole : `"${sizeOf(content)}"`);
    else if (this.#kind.isTrace) this.#show(whole, this.#strings.shown(content, isCut, before));
    else this.#show(whole, loose(content, isCut));
    this.#isSecretField = false;
  }

  #angle(): void {
    const line = this.#line;
    const mark = matchAt(MARK, line, this.#at);
    if (mark !== '') {
      this.#show(mark);
      return;
    }
    const resumed = matchAt(RESUMED, line, this.#at);
    if (resumed !== '') {
      RESUMED.lastIndex = this.#at;
      const call = RESUMED.exec(line)?.[1] ?? '';
      this.#strings.call(call, true);
      this.#show(resumed);
      return;
    }
    if (this.#at < this.#noNameBefore || !/[\dD]/.test(line[this.#at - 1] ?? '')) {
      this.#punctuation('<');
      return;
    }
    const end = endOfDescriptorName(line, this.#at);
    if (line[end] !== '>') {
      // Never closed, or the next argument already begins: the line is damaged, so look at each word.
      this.#noNameBefore = end;
      this.#punctuation('<');
      return;
    }
    const name = line.slice(this.#at + 1, end);
    this.#show(line.slice(this.#at, end + 1), `<${descriptorShown(name)}>`);
  }

  #punctuation(character: string): void {
    if (character === '[') this.#strings.list();
    if (character === ',' || character === ';') this.#isSecretField = false;
    if ('()[]{}=,;|'.includes(character)) this.#show(character);
    else this.#pass(1);
  }

  /** Goes over what says nothing itself; it is shown with the next word, or hidden between two that are. */
  #pass(length: number): void {
    if (this.#hidden < 0) this.#done += this.#line.slice(this.#at, this.#at + length);
    this.#at += length;
  }

  #hide(word: string): void {
    if (this.#hidden < 0) this.#hidden = this.#at;
    // Of a line that no tracer wrote, what stands at the word belongs to it, except the marks that close a sentence or
    // a bracket.
    const rest = this.#kind.isTrace ? '' : matchAt(REST_OF_WORD, this.#line, this.#at + word.length);
    this.#at += word.length + rest.length;
    this.#hiddenEnd = this.#at;
  }

  #show(text: string, shown = text): void {
    if (this.#hidden >= 0) {
      this.#done +=
        `<${this.#hiddenEnd - this.#hidden} bytes>`.replace(/^<1 bytes/, '<1 byte') +
        this.#line.slice(this.#hiddenEnd, this.#at);
      this.#hidden = -1;
    }
    this.#done += shown;
    this.#at += text.length;
  }
}

function matchAt(sticky: RegExp, line: string, at: number): string {
  sticky.lastIndex = at;
  return sticky.exec(line)?.[0] ?? '';
}

/** The name of a descriptor: a path, a socket with its addresses, what the kernel calls it. */
function descriptorShown(name: string): string {
  const path = decode(name);
  if (path.startsWith('/')) {
    const masked = maskPath(path);
    return masked === path ? name : masked;
  }
  const masker = new LineMasker(`ts=0 sun_path=${name.replace(/"/g, '"')}`);
  const quote = name.indexOf('"');
  if (quote < 0) return masker.masked().slice('ts=0 sun_path='.length);
  const isAbstract = name[quote - 1] === '@';
  const content = name.slice(quote + 1, name.lastIndexOf('"') > quote ? name.lastIndexOf('"') : undefined);
  const shown = isAbstract ? maskName(decode(content)) : maskPath(decode(content));
  return (
    name.slice(0, quote + 1) + (shown === decode(content) ? content : shown) + name.slice(quote + 1 + content.length)
  );
}

/** Where the name that begins behind `open` ends, at a `>`; else where the search for it ended. */
function endOfDescriptorName(line: string, open: number): number {
  for (let at = open + 1; at < line.length; at++) {
    if (line[at] === '>' && line[at - 1] !== '-') return at;
    if (line[at] === '<') at += Math.max(1, matchAt(MARK, line, at).length) - 1;
    if (line.startsWith(', "', at)) return at;
  }
  return line.length;
}

function closingQuote(line: string, from: number, isName: boolean): number {
  for (let at = from; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '"') {
      if (isName) return at;
      AFTER_STRING.lastIndex = at + 1;
      if (AFTER_STRING.test(line)) return at;
    }
  }
  return line.length;
}
