/**
 * What other programs put before each line of a trace: `ts`, journals and syslog, docker compose, kubectl, logs with
 * ISO stamps, quotes, line numbers and the indentation of a paste. Their columns are taken away; their time
 * becomes the time column that strace itself would have written, where strace wrote none.
 */
export interface ForeignColumns {
  /** The line as strace wrote it, without what others put before it. */
  strip(line: string): string;
  /** The same for a trace without times of its own, where these columns hold some. */
  readonly dated?: ForeignColumns;
}

/** A column that stands before all lines and tells nothing: grep -n, quotes, comments, lists, indentation. */
const PLAIN: readonly RegExp[] = [
  /^\d{1,9}[:-]\s?/,
  // grep of several files, with or without -n.
  /^(?=[\d./-]*[A-Za-z])[\w./-]{1,200}[:-](?:\d{1,9}[:-])?\s?/,
  // `INFO:app:`, as Python logs.
  /^(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL):[\w.]{1,64}:/,
  /^\s*> ?/,
  // A quote of a quote, or of what was indented.
  /^\s*(?:> ?)+\s*/,
  /^\s*\/\/ ?/,
  /^\s*# ?/,
  /^\s*\* ?/,
  // Lists, and what a difference of two files adds.
  /^\s*[-+](?: {1,3}|(?=[a-z[<\d@}]))/,
  /^\s*(?:\xc2\xb7|\xe2\x80\xa2) ?/,
  /^\s*\| ?/,
  // The gutter of bat, with or without numbers.
  /^ {0,8}\d{0,9} {0,2}\xe2\x94\x82 ?/,
  /^\s+/,
];

/** Container or pod, stamp, host and program, in the orders in which collectors write them; each may be missing. */
const COLLECTED = new RegExp(
  [
    /^\s{0,16}/,
    // `web-1  | ` (docker compose), `[pod/web-7f/app] ` (kubectl --prefix), `web-7f app ` (stern) before a stamp.
    /(?:[\w./-]{1,128}\s{0,32}\| ?|\[(?:pod\/)?[\w./-]{1,200}\] |[\w.-]{1,128} [\w.-]{1,128} (?=\d{4}-\d\d-\d\dT))?/,
    /(?:<\d{1,3}>(?:\d )?)?/,
    // `2026-11-27T03:04:05.123Z `, `[2026/11/27 03:04:05] `, `Nov 27 03:04:05 `, `Fri Nov 27 03:04:05 UTC 2026: `. Only
    // behind a name of a day and of a month four digits are a year: elsewhere they are a pid.
    /(?:\[?(?:(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:(?<date>\d{4}[-/]\d\d[-/]\d\d)[T ]|[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?)(?<clock1>\d\d:\d\d:\d\d)|(?<=\[)(?<clock2>\d\d:\d\d:\d\d))(?:[.,](?<fraction>\d{1,9}))? ?(?<zone>Z|[+-]\d\d:?\d\d|[A-Z]{3,5}(?= ))?(?:(?<=\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? [A-Z][^|[]{0,40}) \d{4})?\]?:?\s{1,4})?/,
    // `journalctl -o short-unix`, and what counts from the start of the machine.
    /(?:(?<epoch>\d{10}\.\d{3,9}) (?=[\w.-]{1,128} [a-zA-Z_][\w.-]{0,63}\[\d{1,9}\]: )|\[ {0,8}\d{1,8}\.\d{6}\] )?/,
    // `host program[4711]: ` of syslog and the journal, `host program 4711 - - ` of RFC 5424, `stdout F ` of the CRI.
    /(?:[\w.-]{1,128} [a-zA-Z_][\w./@-]{0,63}(?:\[\d{1,9}\])?: ?|[\w.-]{1,128} [a-zA-Z_][\w./@-]{0,63} \d{1,9} (?:\S{1,32} )?(?:- |\[[^\]]{1,200}\] )|std(?:out|err) [FP] )?/,
    /(?:[\w./-]{1,128}\s{0,32}\| ?)?/,
  ]
    .map((part) => part.source)
    .join(''),
);

/** A moment somewhere in the columns of a log. */
const STAMP =
  /(?:(?<date>\d{4}[-/]\d\d[-/]\d\d)[T _])?(?<!\d)(?<clock1>\d\d:\d\d:\d\d)(?:[.,](?<fraction>\d{1,9}))? ?(?<zone>Z|[+-]\d\d:?\d\d|UTC)?|(?<!\d)(?<epoch>1\d{9}\.\d{3,9})(?!\d)/;

/** Where strace writes the time: behind the pid. */
const PID = /^(?:\[pid +\d{1,9}(?:<[^>]{0,64}>)?\] |\d{1,9}(?:<[^>]{0,64}>)? +)?/;

/** Where strace writes a time: calls, their second halves, signals and ends, behind the columns of its options. */
const RECORD =
  /^(?:\[pid +\d{1,9}(?:<[^>]{0,64}>)?\] |\d{1,9}(?:<[^>]{0,64}>)? +)?(?:\[[^\]]{1,80}\] |\(\+ +[\d.]+\) | *\d{1,8}\.\d{1,9} )*(?:\w+(?:#\d+|:\w+)?\(|\?{3}\(|<\.\.\. |--- |\+\+\+ )/;

/** The columns that are tried, in this order, when most lines do not read as they are. */
export const FOREIGN_COLUMNS: readonly ForeignColumns[] = [
  // strace writes no tabs: whoever copied the lines made them of blanks.
  { strip: (line) => line.replaceAll('\t', ' ') },
  ...PLAIN.map((pattern): ForeignColumns => ({ strip: (line) => line.replace(pattern, '') })),
  { strip: (line) => line.slice(collectedIn(line)?.[0].length ?? 0), dated: { strip: withTime } },
];

/**
 * `[4711] read(`, as other tracers in the manner of strace print the thread. Where strace itself has such brackets
 * (`-n`), they hold the number of the call.
 */
export const BARE_PIDS: ForeignColumns = {
  strip: (line) => line.replace(/^(\s*)\[ *(\d{1,9})\] (?=[a-z_<+-])/, '[pid $2] '),
};

/** What stands before the columns of a collector where somebody quoted its lines. */
export const QUOTES: readonly ForeignColumns[] = PLAIN.map(
  (pattern): ForeignColumns => ({ strip: (line) => line.replace(pattern, '') }),
);

/** `  17 read(`, `     7<tab>read(`: the numbers of the lines, by an editor or `cat -n`. */
export const NUMBERED: ForeignColumns = { strip: (line) => line.replace(/^\s*\d{1,9}(?:\s|$)/, '') };

function withTime(line: string): string {
  const match = collectedIn(line);
  return timed(line.slice(match?.[0].length ?? 0), stampOf(match?.groups ?? {}));
}

/** The columns of a collector; null where there are none but blanks, which are the line's own. */
function collectedIn(line: string): RegExpExecArray | null {
  const match = COLLECTED.exec(line);
  return match === null || match[0].trim() === '' ? null : match;
}

/** What stands behind columns, with the time that they hold. */
export function withStamp(columns: string, body: string): string {
  return timed(body, stampOf(STAMP.exec(columns)?.groups ?? {}));
}

function timed(body: string, stamp: string): string {
  // Blank lines, messages, prompts and pieces of a line that was broken have no time in strace either.
  return stamp === '' || !RECORD.test(body) ? body : body.replace(PID, (pid) => `${pid}${stamp} `);
}

/**
 * The stamp as strace writes it. A time of day without a zone stays one (`-t`, `-tt`), for nobody says whose midnight
 * it counts from; with date, zone and a fraction of a second it is a moment (`-ttt`).
 */
function stampOf(groups: Readonly<Record<string, string | undefined>>): string {
  const { date, zone, fraction, epoch } = groups;
  if (epoch !== undefined) return epoch;
  const clock = groups['clock1'] ?? groups['clock2'];
  if (clock === undefined) return '';
  const micros = fraction === undefined ? '' : `.${fraction.slice(0, 6).padEnd(6, '0')}`;
  if (date === undefined || zone === undefined || fraction === undefined) return `${clock}${micros}`;
  const offset = zone === 'Z' || zone === 'UTC' ? 'Z' : zone.replace(/^(...)(\d\d)$/, '$1:$2');
  const moment = Date.parse(`${date.replaceAll('/', '-')}T${clock}${offset}`);
  return Number.isNaN(moment) ? `${clock}${micros}` : `${moment / 1_000}${micros}`;
}
