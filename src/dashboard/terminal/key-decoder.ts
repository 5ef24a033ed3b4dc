/** A key by its name (`up`, `enter`, `C-d`, `space`, or the character itself), or pasted text. */
export type Input = { readonly kind: 'key'; readonly key: string } | { readonly kind: 'paste'; readonly text: string };

/** What a terminal answers when it is asked for the colour of its background (OSC 11). */
interface Background {
  readonly kind: 'background';
  readonly isLight: boolean;
}

const ESC = '\x1b';
const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';
/** What a paste may bring. */
const LONGEST_PASTE = 4_096;
/** Longer than any sequence a terminal sends for a key, or for its background. */
const LONGEST_SEQUENCE = 40;
/** `ESC ] 11 ; rgb:RRRR/GGGG/BBBB`, one to four hexadecimal digits a colour, up to BEL or ESC \\ (xterm ctlseqs). */
const BACKGROUND = /^\x1b\]11;rgba?:([\da-f]{1,4})\/([\da-f]{1,4})\/([\da-f]{1,4})/i;
/** How bright red, green and blue look (ITU-R BT.601). */
const BRIGHTNESS = [0.299, 0.587, 0.114];

const FINAL: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  Z: 'backtab',
  P: 'f1',
};
const TILDE: Readonly<Record<string, string>> = {
  1: 'home',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
};
const CONTROL: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
  ' ': 'space',
};

/**
 * Turns what a terminal sends into keys. Pieces of a sequence may come apart: a lone ESC is a key only when `flush`
 * says that nothing followed. Unknown sequences are swallowed whole, pasted text never acts as keys.
 */
export class KeyDecoder {
  #pending = '';
  #pasted: string | null = null;

  /** Something is left that `flush` will have to decide. */
  get isWaiting(): boolean {
    return this.#pending !== '' && this.#pasted === null;
  }

  push(text: string): readonly (Input | Background)[] {
    this.#pending += text;
    const inputs: (Input | Background)[] = [];
    for (let input = this.#next(); input !== undefined; input = this.#next()) if (input !== null) inputs.push(input);
    return inputs;
  }

  /** Nothing came for a while: what is pending is all there is. */
  flush(): readonly Input[] {
    const pending = this.#pending;
    if (pending === '' || this.#pasted !== null) return [];
    this.#pending = '';
    // A sequence that broke off is no key; ESC alone is.
    return pending === ESC ? [{ kind: 'key', key: 'escape' }] : [];
  }

  /** The next input; null for one that means nothing; undefined when more is needed. */
  #next(): Input | Background | null | undefined {
    if (this.#pasted !== null) return this.#paste();
    const { 0: first } = this.#pending;
    if (first === undefined) return undefined;
    if (first === ESC) return this.#sequence();
    // The C1 form of ESC [ is no key.
    const [character = ''] = this.#pending;
    this.#pending = this.#pending.slice(character.length);
    return keyOf(character);
  }

  #paste(): Input | undefined {
    const end = this.#pending.indexOf(PASTE_END);
    if (end < 0) {
      // The end mark may arrive in pieces.
      const sure = Math.max(0, this.#pending.length - PASTE_END.length);
      this.#pasted = ((this.#pasted ?? '') + this.#pending.slice(0, sure)).slice(0, LONGEST_PASTE);
      this.#pending = this.#pending.slice(sure);
      return undefined;
    }
    const text = ((this.#pasted ?? '') + this.#pending.slice(0, end)).slice(0, LONGEST_PASTE);
    this.#pasted = null;
    this.#pending = this.#pending.slice(end + PASTE_END.length);
    return { kind: 'paste', text: text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ') };
  }

  #sequence(): Input | Background | null | undefined {
    const pending = this.#pending;
    if (pending.length === 1) return undefined;
    if (pending[1] === 'O') {
      if (pending.length < 3) return undefined;
      this.#pending = pending.slice(3);
      const key = FINAL[pending[2] ?? ''];
      return key === undefined ? null : { kind: 'key', key };
    }
    if (pending[1] === ']') return this.#answer();
    if (pending[1] !== '[') {
      // ESC and a character: two keys, or Alt. Neither must do harm: both are dropped.
      this.#pending = pending.slice(pending[1] === ESC ? 1 : 2);
      return pending[1] === ESC ? { kind: 'key', key: 'escape' } : null;
    }
    const end = pending.slice(2).search(/[@-~]/);
    if (end < 0) {
      if (pending.length < LONGEST_SEQUENCE) return undefined;
      this.#pending = '';
      return null;
    }
    const sequence = pending.slice(0, end + 3);
    this.#pending = pending.slice(sequence.length);
    if (sequence === PASTE_START) {
      this.#pasted = '';
      return this.#paste() ?? undefined;
    }
    return csiKey(sequence);
  }

  /** What a terminal answers to a question: no letter of an answer is a key. */
  #answer(): Background | null | undefined {
    const pending = this.#pending;
    const [end] = /\x07|\x1b\\/.exec(pending) ?? [];
    if (end === undefined && pending.length < LONGEST_SEQUENCE) return undefined;
    const length = end === undefined ? pending.length : pending.indexOf(end) + end.length;
    this.#pending = pending.slice(length);
    return backgroundIn(pending.slice(0, length));
  }
}

/** Whether what a terminal says of its background is light; null for other answers. */
function backgroundIn(answer: string): Background | null {
  const colours = BACKGROUND.exec(answer)?.slice(1);
  if (colours === undefined) return null;
  const shares = colours.map((digits) => Number.parseInt(digits, 16) / (16 ** digits.length - 1));
  const brightness = shares.reduce((sum, share, index) => sum + share * (BRIGHTNESS[index] ?? 0), 0);
  return { kind: 'background', isLight: brightness > 0.5 };
}

function csiKey(sequence: string): Input | null {
  const mouse = /^\x1b\[<(\d+);\d+;\d+M$/.exec(sequence);
  if (mouse !== null)
    return mouse[1] === '64' ? { kind: 'key', key: 'up' } : mouse[1] === '65' ? { kind: 'key', key: 'down' } : null;
  const [, numbers = '', final = ''] = /^\x1b\[([\d;]*)(.)$/.exec(sequence) ?? [];
  const key = final === '~' ? TILDE[numbers.split(';')[0] ?? ''] : FINAL[final];
  return key === undefined ? null : { kind: 'key', key };
}

function keyOf(character: string): Input | null {
  const named = CONTROL[character];
  if (named !== undefined) return { kind: 'key', key: named };
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return { kind: 'key', key: `C-${String.fromCharCode(code + 0x60)}` };
  return code >= 0x80 && code < 0xa0 ? null : { kind: 'key', key: character };
}
