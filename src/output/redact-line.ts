import { codeWord, readCodeWord } from '../trace/code-words.ts';
import { LineMasker } from './masking/line-masker.ts';
import { decode, loose, payload } from './masking/line-strings.ts';
import { maskPath } from './masking/mask-path.ts';
import { namesSecret } from './masking/secret-words.ts';
import { maskName, sizeOf } from './masking/shapes.ts';
import { redactProse } from './payload.ts';

/** A row of the hex dumps that `-e read=` and `-e write=` add. */
const DUMP_ROW = /^(\s{0,8}\| ?[0-9a-f]{5,16} )[^]*$/;
/** A frame of a stack: program, function and place. */
const FRAME =
  /^(\s{0,12}>?\s{0,4})(\/[^\s()]{1,1024}|\[\w{1,12}\])(\([\w:.~<>@$*&, ()-]{0,300}?\+0x[0-9a-f]{1,16}\) ?\[0x[0-9a-f]{1,16}\]\s{0,4})$/;
/** What strace writes where it finds no frame, and one whose end is missing. */
const NO_FRAME = /^ ?> (?:unexpected_backtracing_error \[0x[0-9a-f]{1,16}\]|\/[\w./-]{1,60}\([A-Za-z_]{1,60})$/;
/** A line of drover's bpftrace programs: bytes go on to its end. */
const PRINTED_BYTES = /^(.{0,400}?\bts=.{0,400}? data=)([^]+)$/;
/** The code that a thread was in, as drover notes it. */
const CODE =
  /^((?:strace: drover: )?event=code ts=[\d.]{1,40} took=\d{1,20} pid=\d{1,10} tid=\d{1,10} by=[\w.+-]{1,30} frames=)(\S{1,60000})$/;
const TRACER_RECORD =
  /^(?:printf|cat|join|time|map|hist|lhist|tseries|stats|value|syscall|attached_probes|lost_events|helper_error)$/;
const FIELD_NAME = /^(?:[a-z_@][a-z0-9_.-]{0,40}|[A-Z_][A-Z0-9_]{0,40}|[a-z]{2,20}(?:[A-Z][a-z]{1,20}){1,4})$/;
/**
 * One raw line without payload. What is known to be structure stays: names of calls, numbers, constants, fields,
 * addresses, paths, words that operators read every day. Everything else shrinks to its size: strings of calls that
 * carry data to what `nameOfPayload` allows, words that nobody knows to `<9 bytes>`, credentials in arguments, paths
 * and addresses to `<removed>`. Idempotent.
 */
export function redactLine(line: string): string {
  const dump = DUMP_ROW.exec(line);
  if (dump !== null) return `${dump[1]}<bytes>`;
  if (line.length < 80 && NO_FRAME.test(line)) return line;
  const frame = FRAME.exec(line);
  if (frame !== null) return `${frame[1]}${maskPath(frame[2] ?? '')}${frame[3]}`;
  if (/^\s{0,8}[{[]\s{0,4}["{]/.test(line)) {
    const json = redactJson(line);
    if (json !== null) return json;
  }
  const code = CODE.exec(line);
  if (code !== null) return `${code[1]}${maskedCode(code[2] ?? '')}`;
  const printed = PRINTED_BYTES.exec(line);
  if (printed === null) return new LineMasker(line).masked();
  const bytes = payload(decode(printed[2] ?? ''), false);
  return `${new LineMasker(printed[1] ?? '').masked()}${bytes.slice(1).replace(/"(?=\.*$)/, '')}`;
}

/** Each frame with its file as paths are masked, and its name as names are. The last one may be cut. */
function maskedCode(word: string): string {
  const parts = word.split(',');
  const frames = readCodeWord(word) ?? readCodeWord(parts.slice(0, -1).join(','));
  if (frames === null) return sizeOf(word);
  return codeWord(frames.map(({ name, file, line }) => ({ name: maskedFunction(name), file: maskPath(file), line })));
}

/** What is written like a name of code is one. */
function maskedFunction(name: string): string {
  return /^(?:<\w{1,20}>|[A-Za-z_][\w.]{0,79})$/.test(name) ? name : maskName(name);
}

/**
 * Text in which only quoted parts can be payload (a target with a query behind it), reduced like the strings of a line.
 */
export function redactQuoted(text: string): string {
  const reduced = text.replace(/"((?:\\[^]|[^"\\])*)(?:"|$)(\.\.\.)?/g, (_, content: string, cut: string | undefined) =>
    loose(content, cut !== undefined),
  );
  return redactProse(reduced);
}

/**
 * A line of `bpftrace -f json`: each of its strings is a line of its own; numbers keep their digits. Null: it is no
 * JSON.
 */
function redactJson(line: string): string | null {
  try {
    JSON.parse(line);
  } catch {
    // Cut off or not JSON after all.
    return null;
  }
  const isTracer = /^\s{0,8}\{"type": ?"[a-z_]{1,30}", ?"data": ?/.test(line);
  let name = '';
  return line.replace(/"(?:\\[^]|[^"\\])*"(\s{0,4}:)?|-?\d[\d.eE+-]*/g, (token, colon: string | undefined) => {
    const isSecret = colon === undefined && namesSecret(name);
    if (!token.startsWith('"')) return isSecret ? `"${sizeOf(token)}"` : token;
    const text = String(JSON.parse(colon === undefined ? token : token.slice(0, token.length - colon.length)));
    if (colon !== undefined) name = text;
    const isKey = colon !== undefined && !isTracer && FIELD_NAME.test(text);
    if (isTracer && colon === undefined && name === 'type' && TRACER_RECORD.test(text)) return token;
    const shown = isSecret ? sizeOf(text) : isKey ? text : isTracer ? redactLine(text) : new LineMasker(text).masked();
    return shown === text ? token : `${JSON.stringify(shown)}${colon ?? ''}`;
  });
}
