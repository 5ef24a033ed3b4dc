/**
 * What other programs put before each line of a trace: `ts`, journals and syslog, docker compose, kubectl, logs with
 * ISO stamps, quotes, line numbers and the indentation of a paste. Their columns are taken away; their time becomes
 * the time column that strace itself would have written, where strace wrote none.
 */
export interface ForeignColumns {
  /** The line as strace wrote it, with the time of the other program where strace gave none. */
  strip(line: string): string;
}

/** A column that stands before all lines and tells nothing: grep -n, quotes, comments, lists, indentation. */
const PLAIN: readonly RegExp[] = [
  /^\d{1,9}[:-]\s?/,
  /^\s*> ?/,
  /^\s*\/\/ ?/,
  /^\s*# ?/,
  /^\s*\* ?/,
  /^\s*\| ?/,
  /^\s+/,
];

/** Container or pod, stamp, host and program, in the orders in which collectors write them; each may be missing. */
const COLLECTED = new RegExp(
  [
    /^\s{0,16}/,
    // `web-1  | ` (docker compose), `[pod/web-7f/app] ` (kubectl --prefix), `web-7f app ` (stern) before a stamp.
    /(?:[\w./-]{1,128}\s{0,32}\| ?|\[(?:pod\/)?[\w./-]{1,200}\] |[\w.-]{1,128} [\w.-]{1,128} (?=\d{4}-\d\d-\d\dT))?/,
    /(?:<\d{1,3}>(?:\d )?)?/,
    /(?:\[?(?:(?:(?<date>\d{4}[-/]\d\d[-/]\d\d)[T ]|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?)(?<clock1>\d\d:\d\d:\d\d)|(?<=\[)(?<clock2>\d\d:\d\d:\d\d))(?:[.,](?<fraction>\d{1,9}))? ?(?<zone>Z|[+-]\d\d:?\d\d|UTC)?(?: \d{4})?\]?:?\s{1,4})?/,
    // `host program[4711]: ` of syslog and the journal, `host program 4711 - - ` of RFC 5424, `stdout F ` of the CRI.
    /(?:[\w.-]{1,128} [a-zA-Z_][\w./@-]{0,63}(?:\[\d{1,9}\])?: ?|[\w.-]{1,128} [a-zA-Z_][\w./@-]{0,63} \d{1,9} (?:\S{1,32} )?- |std(?:out|err) [FP] )?/,
    /(?:[\w./-]{1,128}\s{0,32}\| ?)?/,
  ]
    .map((part) => part.source)
    .join(''),
);

/** Where strace writes the time: behind the pid. */
const PID = /^(?:\[pid +\d{1,9}(?:<[^>]{0,64}>)?\] |\d{1,9}(?:<[^>]{0,64}>)? +)?/;

/** The columns that are tried, in this order, when most lines do not read as they are. */
export const FOREIGN_COLUMNS: readonly ForeignColumns[] = [
  ...PLAIN.map((pattern): ForeignColumns => ({ strip: (line) => line.replace(pattern, '') })),
  { strip: (line) => line.replace(COLLECTED, '') },
];

/**
 * `[4711] read(`, as other tracers in the manner of strace print the thread. Where strace itself has such brackets
 * (`-n`), they hold the number of the call.
 */
export const BARE_PIDS: ForeignColumns = {
  strip: (line) => line.replace(/^(\s*)\[ *(\d{1,9})\] (?=[a-z_<+-])/, '[pid $2] '),
};

/** `  17 read(`, `     7<tab>read(`: the numbers of the lines, by an editor or `cat -n`. */
export const NUMBERED: ForeignColumns = { strip: (line) => line.replace(/^\s*\d{1,9}(?:\s|$)/, '') };

/** As the last of FOREIGN_COLUMNS, for a trace without times of its own. */
export const DATED_COLUMNS: ForeignColumns = { strip: withTime };

function withTime(line: string): string {
  const match = COLLECTED.exec(line);
  const body = match === null ? line : line.slice(match[0].length);
  const stamp = stampOf(match?.groups ?? {});
  return stamp === '' ? body : body.replace(PID, (pid) => `${pid}${stamp} `);
}

/**
 * The stamp as strace writes it. A time of day without a zone stays one (`-t`, `-tt`), for nobody says whose midnight
 * it counts from; with date, zone and a fraction of a second it is a moment (`-ttt`).
 */
function stampOf(groups: Readonly<Record<string, string | undefined>>): string {
  const { date, zone, fraction } = groups;
  const clock = groups['clock1'] ?? groups['clock2'];
  if (clock === undefined) return '';
  const micros = fraction === undefined ? '' : `.${fraction.slice(0, 6).padEnd(6, '0')}`;
  if (date === undefined || zone === undefined || fraction === undefined) return `${clock}${micros}`;
  const offset = zone === 'Z' || zone === 'UTC' ? 'Z' : zone.replace(/^(...)(\d\d)$/, '$1:$2');
  const moment = Date.parse(`${date.replaceAll('/', '-')}T${clock}${offset}`);
  return Number.isNaN(moment) ? `${clock}${micros}` : `${moment / 1_000}${micros}`;
}
