/**
 * What a terminal line must not carry as it is: controls and invisible format characters (bidi, zero width), lone
 * surrogates, private use and unassigned characters, combining marks, separators, blanks that are not a space,
 * right-to-left letters (they reorder the digits beside them), and everything that is not one cell wide everywhere:
 * emoji, dingbats, CJK and all characters beyond the first plane.
 */
const NOT_ONE_PLAIN_CELL = new RegExp(
  '[\\p{C}\\p{M}\\p{Zl}\\p{Zp}]|(?! )\\p{Zs}|\\p{Extended_Pictographic}|[\\u{10000}-\\u{10ffff}]' +
    '|[\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufeff]|[\\u2600-\\u27bf\\u2800]' +
    '|[\\u1100-\\u11ff\\u231a\\u231b\\u2329\\u232a\\u23e9-\\u23ff\\u25fd\\u25fe\\u2b1b\\u2b1c\\u2b50\\u2b55]' +
    '|[\\u2e80-\\ua4cf\\ua960-\\ua97f\\uac00-\\ud7ff\\uf900-\\ufaff\\ufe10-\\ufe1f\\ufe30-\\ufe6f\\uff00-\\uffef]',
  'gu',
);
const NOT_PLAIN_ASCII = /[^ -~]/gu;
/** Signs of drover's own sentences that ASCII has other signs for. */
const IN_ASCII: Readonly<Record<string, string>> = { '…': '...', µ: 'u', '–': '-' };

/** One escape, of ours or of strace, or one character: the pieces that a cut or a line break must not split. */
const PIECE = /\\x[0-9a-f]{2}|\\u\{[0-9a-f]{1,6}\}|\\[0-7]{1,3}|\\?./gsu;

/**
 * Text that is safe on one terminal line, one cell a character: control characters become `\xNN`, everything else that
 * could hide, reorder, widen or break the line becomes `\u{NNNN}`. With `ascii`, every character outside ASCII is
 * escaped, or replaced where it is a sign of drover's own sentences. Idempotent.
 */
export function show(text: string, ascii = false): string {
  if (!ascii) return text.replace(NOT_ONE_PLAIN_CELL, escape);
  return text.replace(NOT_PLAIN_ASCII, (character) => IN_ASCII[character] ?? escape(character));
}

/**
 * Shortens text that `show` returned to at most that many cells; a cut is marked with `...` and never splits an escape.
 */
export function cut(text: string, cells: number): string {
  if (text.length <= cells) return text;
  if (cells <= 3) return '.'.repeat(Math.max(0, cells));
  return `${head(text, cells - 3)}...`;
}

/** The longest start of text that `show` returned which fits into that many cells without splitting an escape. */
export function head(text: string, cells: number): string {
  let end = 0;
  for (const [piece] of text.matchAll(PIECE)) {
    if (end + piece.length > cells) break;
    end += piece.length;
  }
  return text.slice(0, end);
}

function escape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code < 0xa0 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex.padStart(4, '0')}}`;
}
