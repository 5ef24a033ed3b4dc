import { type FieldReader, NO_FIELDS } from './fields.ts';

/** A line in single quotes, alone or in a list: of Python, JavaScript, YAML, a shell. */
const QUOTED = /^\s*(?:[[,]\s*|-\s+)?[bru]?'(.*)'[\s,;\])+\\]*$/;
const FRAME = /^[\s[\](),;]*$/;
/** What strace writes as a backslash and a letter or a digit is two backslashes and that in a literal of Python. */
const ESCAPED_BY_STRACE = /(?<!\\)(?:\\\\)*\\[a-z0-9"]/;
const END = /\\n$/;

/** A quote that YAML did not double. */
const LONE = /(?<!')(?:'')*'(?!')/;

/** How the quotes of one language are undone. */
type Undo = (text: string) => string;

/** Reads lines that somebody put into single quotes, which those of strings in a trace do not end. */
export function quotedFields(lines: readonly string[]): FieldReader {
  const undo = undoing(lines.flatMap((line) => textOf(line) ?? []));
  return (line) => {
    const text = textOf(line);
    if (text !== null) return new Map([['', undo(text)]]);
    return FRAME.test(line) ? NO_FIELDS : null;
  };
}

function textOf(line: string): string | null {
  return QUOTED.exec(line)?.[1]?.replace(END, '') ?? null;
}

function undoing(texts: readonly string[]): Undo {
  const isLiteral = texts.some((text) => text.includes('\\\\')) && !texts.some((text) => ESCAPED_BY_STRACE.test(text));
  if (isLiteral) return (text) => text.replace(/\\(.)/g, '$1');
  return texts.some((text) => LONE.test(text))
    ? (text) => text.replaceAll("\\'", "'")
    : (text) => text.replaceAll("''", "'");
}
