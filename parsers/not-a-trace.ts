import { FORMAT_TITLES } from './registry.ts';

/** What a file looks like that is no trace, and how to make one of it. */
interface Lookalike {
  readonly looksLike: string;
  readonly hint?: string;
}

/** First bytes (Latin-1) of files that are not text. */
const MAGIC: readonly (readonly [string, Lookalike])[] = [
  [
    'PERFILE2',
    {
      looksLike: 'a recording of perf (perf.data)',
      hint: 'convert it with `perf script -i FILE` or `perf trace -i FILE`',
    },
  ],
  [
    'PERFFILE',
    {
      looksLike: 'a recording of perf (perf.data)',
      hint: 'convert it with `perf script -i FILE` or `perf trace -i FILE`',
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
  ['PK\x03\x04', { looksLike: 'a zip file', hint: 'unpack it with `unzip -p FILE`' }],
  ['\x7fELF', { looksLike: 'a program or a core dump (ELF)' }],
  ['\xff\xfe', { looksLike: 'UTF-16 text', hint: 'convert it with `iconv -f UTF-16 -t UTF-8 FILE`' }],
  ['\xfe\xff', { looksLike: 'UTF-16 text', hint: 'convert it with `iconv -f UTF-16 -t UTF-8 FILE`' }],
];

/** What lines of other tools look like; the first that matches a line names the file. */
const LINES: readonly (readonly [RegExp, Lookalike])[] = [
  [/^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\.go:\d+\]/, { looksLike: 'a log of gVisor' }],
  [/"evt\.(?:num|type)"/, { looksLike: 'output of sysdig (json)' }],
  // The last one is the form of -pc and -pk, with the container in front of the process.
  [
    /^\s*\d+ \d\d:\d\d:\d\d\.\d{9} \d+ .* [<>] \w+|^\s*\d+ \d\d:\d\d:\d\d\.\d{9} \d+ \S+ \(\w+\) \S+ \(/,
    { looksLike: 'output of sysdig' },
  ],
  [
    /^\s*\{"type": ?"(?:hist|map|stats|tseries)",? .*\{$/,
    {
      looksLike: 'JSON of bpftrace that was put on several lines',
      hint: 'give the original, one record a line (jq -c . FILE)',
    },
  ],
  [/^Demonstrations of \w+[,.]/, { looksLike: 'the page of examples of a tool of bcc' }],
  [
    /^(?:TIME\S*\s+)?(?:P?COMM\s+PID\s|PID\s+(?:P?COMM|TID)\s)|^SYSCALL\s+COUNT|^\s*(?:usecs|msecs)\s*: count\s+distribution|^TIME(?:\(\w+\))?\s+(?:UID\s+)?PID\s/,
    {
      looksLike: 'output of a ready-made tool of bcc or bpftrace',
      hint: 'record the system calls themselves, with drover record, strace or `perf trace`',
    },
  ],
  [/\b(?:raw_)?syscalls:sys_(?:enter|exit)/, { looksLike: 'output of `perf script`' }],
  [/^# tracer:|^\s+\S+-\d+\s+\[\d+\]/, { looksLike: 'output of ftrace or trace-cmd' }],
  [/^\+\+\+ exited \(status \d+\) \+\+\+|^__libc_start_main\(/, { looksLike: 'output of ltrace', hint: 'use strace' }],
  [/^SYSCALL\(args\)|\bErr#\d+/, { looksLike: 'output of dtruss or truss' }],
  [/\bERR#\d+ '/, { looksLike: 'output of truss' }],
  [/^\s*\d+\s+\S+\s+(?:CALL|RET|NAMI|GIO)\s/, { looksLike: 'output of ktrace (kdump)' }],
  [
    /^\s*<(?:!doctype|html|\?xml|head|body)\b/i,
    { looksLike: 'a page of HTML or XML', hint: 'save the raw text of the trace' },
  ],
];

const LONGEST_QUOTE = 60;
/** Zero bytes at the beginning that make a hole. */
const HOLE = 512;
const EMPTIED: Lookalike = {
  looksLike: 'a hole of zero bytes, as in a file that was emptied while a tracer wrote to it',
  hint: "read what came after it with: tr -d '\\0' < FILE | drover -",
};
const READABLE = `drover reads ${FORMAT_TITLES}`;

/** Says what a head looks like that no format wants, with a way out where there is one: one line, safe to print. */
export function describeUnknown(head: Buffer): string {
  if (head.length === 0) return 'an empty file';
  const start = head.toString('latin1', 0, 16);
  for (const [magic, lookalike] of MAGIC) {
    if (start.startsWith(magic)) return say(lookalike);
  }
  if (head.length >= HOLE && head.subarray(0, HOLE).every((byte) => byte === 0)) return say(EMPTIED);
  const text = head.toString('utf8').replace(/^\ufeff/, '');
  const lines = text.split('\n', 200).filter((line) => line.trim() !== '');
  const [first] = lines;
  if (first === undefined) return 'a file of blank lines';
  for (const line of lines) {
    const cut = line.slice(0, 1_000).trimEnd();
    const found = LINES.find(([pattern]) => pattern.test(cut));
    if (found !== undefined) return say(found[1]);
  }
  if (isBinary(text)) return 'binary data';
  if (/^\s*[[{]/.test(first)) return `JSON or the like that begins with ${quote(first)}`;
  return `text that begins with ${quote(first)}`;
}

function say({ looksLike, hint }: Lookalike): string {
  return hint === undefined ? `${looksLike}; ${READABLE}` : `${looksLike}; ${hint}`;
}

/** More control characters and bytes that are no UTF-8 than any text has. */
function isBinary(text: string): boolean {
  const sample = text.slice(0, 4_096);
  const odd = sample.match(/[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]/g)?.length ?? 0;
  return odd * 20 > sample.length;
}

/** The beginning of a line in quotes, without characters that could do something to a terminal. */
function quote(line: string): string {
  const clean = line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]+/gu, ' ').trim();
  const letters = [...clean];
  return `"${letters.length > LONGEST_QUOTE ? `${letters.slice(0, LONGEST_QUOTE - 1).join('')}…` : clean}"`;
}
