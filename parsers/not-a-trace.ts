import { shellWord } from '../src/trace/shell-word.ts';
import { LINES, type Lookalike } from './lookalikes.ts';
import { MOMENTS } from './moments.ts';
import { detectFormat } from './registry.ts';

/** First bytes (Latin-1) of files that are not text. */
const MAGIC: readonly (readonly [string, Lookalike])[] = [
  [
    'PERFILE2',
    {
      looksLike: 'a recording of perf (perf.data)',
      hint: 'read one of `perf trace record` with `perf trace -i FILE`; others: record with `perf trace`',
    },
  ],
  [
    'PERFFILE',
    {
      looksLike: 'a recording of perf (perf.data)',
      hint: 'read one of `perf trace record` with `perf trace -i FILE`; others: record with `perf trace`',
    },
  ],
  [
    '\x17\x08\x44tracing',
    { looksLike: 'a recording of trace-cmd (trace.dat)', hint: 'convert it with `trace-cmd report -i FILE`' },
  ],
  [
    '\x0a\x0d\x0d\x0a',
    { looksLike: 'a capture of sysdig (scap) or of packets (pcapng)', hint: 'read a scap with `sysdig -r FILE`' },
  ],
  ['\xd4\xc3\xb2\xa1', { looksLike: 'a capture of packets (pcap)' }],
  ['\xa1\xb2\xc3\xd4', { looksLike: 'a capture of packets (pcap)' }],
  ['\x1f\x8b', { looksLike: 'a gzip file', hint: 'unpack it with `zcat FILE`' }],
  ['\x28\xb5\x2f\xfd', { looksLike: 'a zstd file', hint: 'unpack it with `zstdcat FILE`' }],
  ['\xfd7zXZ\0', { looksLike: 'an xz file', hint: 'unpack it with `xzcat FILE`' }],
  ['BZh', { looksLike: 'a bzip2 file', hint: 'unpack it with `bzcat FILE`' }],
  ['PK\x03\x04', { looksLike: 'a zip file', hint: 'type: unzip -p FILE | drover -' }],
  ['7z\xbc\xaf\x27\x1c', { looksLike: 'a 7z file', hint: 'type: 7z x -so FILE | drover -' }],
  ['Rar!\x1a\x07', { looksLike: 'a rar file', hint: 'type: unrar p -inul FILE | drover -' }],
  ['\x04\x22\x4d\x18', { looksLike: 'an lz4 file', hint: 'type: lz4 -dc FILE | drover -' }],
  ['\x89PNG', { looksLike: 'a picture (PNG)', hint: 'drover reads the text of a trace' }],
  ['\xff\xd8\xff', { looksLike: 'a picture (JPEG)', hint: 'drover reads the text of a trace' }],
  ['%PDF', { looksLike: 'a PDF', hint: 'drover reads the text of a trace' }],
  ['\x7fELF', { looksLike: 'a program or a core dump (ELF)' }],
];

/** Where a tar archive says that it is one. `drover recipe` leaves a capture in one, too. */
const TAR_AT = 257;
/** A tar archive begins with the name of its first file, 100 bytes at the most: `./drover-capture-web-1-…/`. */
const TAR_NAME = 100;
/** The folder that a name begins with, where a shell takes it as it is; a hyphen in front would be an option. */
const TOP_FOLDER = /^(?:\.\/)?(\w[\w.@-]*)\//;

const LINE_END = 10;
const LONGEST_LINE = 1_000;
const MOST_LINES = 5_000;
/** So many calls are a trace, and no example in a text. */
const LEAST_CALLS = 5;
/** A line of a tracer, with a time in front: a call, a half of one, a signal, an end. */
const OF_TRACE =
  /^(?:(?:\[pid +)?\d+\]? +)?\d[\d:.]+ (?!SYS_)(?:\w+\(|<\.\.\. \w+ resumed|--- SIG|\+\+\+ )|^(?:ts=\d+ dur=\d+|event=\w+) |^@in\[|^ *[\d.?]+ \( *(?:[\d.]+ ms)? *\): /;

const LONGEST_QUOTE = 60;
const MOST_QUOTED = 1_000;
/** Zero bytes at the beginning that make a hole. */
const HOLE = 512;
/** Lines of a trace within a string of JSON. */
const PACKED_CALL = /\)\s+= -?\d+(?: E[A-Z0-9]+ \([^()"]*\))?(?: <\d+\.\d+>)?(?:\\n|")/;
const DOCUMENT: Lookalike = {
  looksLike: 'one document of JSON with lines of a trace in it',
  hint: "type: jq -r '.. | strings' FILE | drover -",
};
const OLD_ENDS: Lookalike = {
  looksLike: 'text whose lines end with carriage returns alone',
  hint: "type: tr '\\r' '\\n' < FILE | drover -",
};
/** Text that stands for other bytes, by its first lines. */
const CODED: readonly (readonly [RegExp, Lookalike])[] = [
  [
    /^Content-Transfer-Encoding:\s*base64\s*$/im,
    { looksLike: 'a mail with an attachment in base64', hint: 'save the attachment, and give that' },
  ],
  [
    /^\s*(?:[A-Za-z0-9+/]{60,76}\r?\n){2}|^\s*[A-Za-z0-9+/]{200}/,
    { looksLike: 'text in base64', hint: 'type: base64 -d FILE | drover -' },
  ],
  [/^begin \d{3,4} \S/, { looksLike: 'uuencoded text', hint: 'type: uudecode -o /dev/stdout FILE | drover -' }],
  [/^0{7,8}: (?:[0-9a-f]{4} ){4}/, { looksLike: 'a hexadecimal dump (xxd)', hint: 'type: xxd -r FILE | drover -' }],
  [
    /^0{7,8} {1,2}(?:[0-9a-f]{2,4} ){4}/,
    { looksLike: 'a hexadecimal dump (hexdump, od)', hint: 'give the file that was dumped' },
  ],
];
const EMPTIED: Lookalike = {
  looksLike: 'a hole of zero bytes, as in a file that was emptied while a tracer wrote to it',
  hint: "read what came after it with: tr -d '\\0' < FILE | drover -",
};

/**
 * Says what a head looks like that no format wants, with a way out where there is one: one line, safe to print. `file`
 * stands in commands: the path, as it is called by whoever reads it.
 */
export function describeUnknown(head: Buffer, file = 'FILE'): string {
  const say = ({ looksLike, hint }: Lookalike): string =>
    // A function, since "$&" in a path would mean something.
    hint === undefined ? looksLike : `${looksLike}; ${hint.replaceAll('FILE', () => shellWord(file))}`;
  if (head.length === 0) return 'an empty file';
  const start = head.toString('latin1', 0, 16);
  for (const [magic, lookalike] of MAGIC) {
    if (start.startsWith(magic)) return say(lookalike);
  }
  if (head.toString('latin1', TAR_AT, TAR_AT + 5) === 'ustar') return say(tar(head));
  if (head.length >= HOLE && head.subarray(0, HOLE).every((byte) => byte === 0)) return say(EMPTIED);
  const text = head.toString('utf8').replace(/^\ufeff/, '');
  const lines = text.split('\n', 200).filter((line) => line.trim() !== '');
  const [first] = lines;
  if (first === undefined) return 'a file of blank lines';
  if (/^[[{"]/.test(first) && PACKED_CALL.test(first)) return say(DOCUMENT);
  if (lines.length === 1 && first.split('\r').length > LEAST_CALLS) return say(OLD_ENDS);
  const coded = CODED.find(([pattern]) => pattern.test(text));
  if (coded !== undefined) return say(coded[1]);
  const named = traceIn(head) ?? nameOf(lines);
  if (named !== null) return say(named);
  if (isBinary(text)) return 'binary data';
  if (/^\s*[[{]/.test(first)) return `JSON or the like that begins with ${quote(first)}`;
  return `text that begins with ${quote(first)}`;
}

/** What the first line that another tool prints says of the lines; null when there is none. */
export function nameOf(lines: readonly string[]): Lookalike | null {
  for (const line of lines) {
    const cut = line.slice(0, LONGEST_LINE).trimEnd();
    const found = MOMENTS.find(([pattern]) => pattern.test(cut)) ?? LINES.find(([pattern]) => pattern.test(cut));
    if (found !== undefined) return found[1];
  }
  return null;
}

/** From a line that looks like one of a trace on so many bytes are looked at, and of so many such places. */
const LOOKED_AT = 65_536;
const MOST_PLACES = 16;

/**
 * Where a trace begins behind lines of something else, in bytes from the beginning: its first line is that of a tracer,
 * with a time, and the lines from there on are of a known format. -1 where none does.
 */
export function beginOfTrace(bytes: Buffer): number {
  let places = 0;
  for (let from = 0; from < bytes.length && places < MOST_PLACES; ) {
    const end = bytes.indexOf(LINE_END, from);
    const to = end < 0 ? bytes.length : end;
    if (to - from < LONGEST_LINE && OF_TRACE.test(bytes.toString('latin1', from, to))) {
      const rest = bytes.subarray(from, from + LOOKED_AT);
      if (callsIn(rest) >= LEAST_CALLS && detectFormat(rest) !== null) return from;
      places++;
    }
    from = to + 1;
  }
  return -1;
}

function callsIn(bytes: Buffer): number {
  return bytes
    .toString('latin1')
    .split('\n', MOST_LINES)
    .filter((line) => line.length < LONGEST_LINE && OF_TRACE.test(line)).length;
}

/**
 * A trace beside lines of something else, as in a file into which somebody pasted all there was; null without one. All
 * its lines are cut out: a call that did not return is the last line of its thread.
 */
function traceIn(head: Buffer): Lookalike | null {
  const lines = head.toString('latin1').split('\n', MOST_LINES);
  const whole = lines.length > 1 ? lines.slice(0, -1) : lines;
  const isOfTrace = whole.map((line) => line.length < LONGEST_LINE && OF_TRACE.test(line));
  const from = isOfTrace.indexOf(true);
  const to = isOfTrace.lastIndexOf(true);
  const own = whole.filter((_, index) => isOfTrace[index]);
  if (own.length < LEAST_CALLS) return null;
  const format = detectFormat(Buffer.from(`${own.join('\n')}\n`, 'latin1'));
  if (format === null) return null;
  const others = nameOf(whole.filter((_, index) => !isOfTrace[index]))?.looksLike ?? 'text';
  const isOnePart = detectFormat(Buffer.from(`${whole.slice(from, to + 1).join('\n')}\n`, 'latin1')) !== null;
  const end = to + 1 < whole.length ? to + 1 : '$';
  return {
    looksLike: `${others} beside ${format.title}`,
    hint: isOnePart
      ? `type: sed -n '${from + 1},${end}p' FILE | drover -`
      : `give the lines of ${format.title} in a file of their own`,
  };
}

/** What `capture.sh` leaves is one folder; of other archives nobody knows where they unpack to. */
function tar(head: Buffer): Lookalike {
  const folder = TOP_FOLDER.exec(head.toString('latin1', 0, TAR_NAME))?.[1];
  const unpack = folder === undefined ? 'mkdir capture && tar -xf FILE -C capture' : 'tar -xf FILE';
  return { looksLike: 'a tar archive', hint: `type: ${unpack} && drover ${folder ?? 'capture'}` };
}

/** More control characters and bytes that are no UTF-8 than any text has. */
function isBinary(text: string): boolean {
  const sample = text.slice(0, 4_096);
  const odd = sample.match(/[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]/g)?.length ?? 0;
  return odd * 20 > sample.length;
}

/** A value behind its name: a link in a folder may lead to `/etc/shadow`, and a file of settings begins with a key. */
const VALUE = /([:=]\s?["']?)[^\s"':=,;&]{6,}/g;

/**
 * The beginning of a line in quotes, without characters that could do something to a terminal, and without what may be
 * a secret.
 */
function quote(line: string): string {
  const plain = line
    .slice(0, MOST_QUOTED)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]+/gu, ' ')
    .trim();
  const clean = plain.replace(VALUE, '$1<removed>');
  const letters = [...clean];
  return `"${letters.length > LONGEST_QUOTE ? `${letters.slice(0, LONGEST_QUOTE - 1).join('')}…` : clean}"`;
}
