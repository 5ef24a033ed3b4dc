/** Lines that a program prints because it fails: tracebacks of languages, panics, log lines of the worst levels. */

/** A traceback or an abort: what stands in it tells more than any log line around it. */
const TRACEBACK =
  /Traceback \(most recent call last\)|^(?:panic|fatal error|runtime): |PHP (?:Fatal|Parse|Startup) |\bFatal Python error\b|thread '[^']{0,80}' panicked|^Exception in thread |^Uncaught |^Unhandled |^[A-Z]\w{0,60}(?:Error|Exception)(?: \[\w+\])?: |\.rb:\d+:in [`']|^terminate called |^\*\*\* |^SIG[A-Z]{2,6}: |^fatal: |[Aa]ssertion\b.{0,400} failed|\bcannot open shared object file\b|^(?:\S{1,80}: )?(?:symbol lookup|relocation) error: /;
/** A line of a log that says the same without telling where. */
const COMPLAINT =
  /\[(?:ERROR|CRITICAL|FATAL|emerg|alert|crit)\]|\b(?:FATAL|CRITICAL|PANIC|ERROR):? |^(?:ERROR|FATAL|Error|Fatal)\b|\b[Aa]ddress already in use\b|^Segmentation fault|\bOut of memory\b|\bout of memory\b|\bcommand not found\b|: No such file or directory$|: Permission denied$/;
/** A line of a log of a level that is no complaint: what was printed before it has ended. */
const ORDINARY = /^.{0,80}?(?:\[(?:INFO|DEBUG|NOTICE|info|debug|notice)\]|\b(?:INFO|DEBUG|NOTICE)\b)/;
/** The line of a traceback that names the error, at its beginning. */
const NAMED =
  /^(?:(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?: \[\w+\])?(?::\s.*)?|panic: .*|fatal error: .*|PHP (?:Fatal|Parse) error: .*|.*\.rb:\d+:in .*)$/;

/** Whether a program that prints this line tells of a failure. */
export function beginsFailure(line: string): boolean {
  return TRACEBACK.test(line) || COMPLAINT.test(line);
}

/** Whether what follows this line says where and why, as no log line does. */
export function beginsTraceback(line: string): boolean {
  return TRACEBACK.test(line);
}

/** Whether the program printed this line in the ordinary course of its work. */
export function endsFailure(line: string): boolean {
  return ORDINARY.test(line);
}

/** Whether the line names the error: `ImportError: No module named app`. */
export function namesError(line: string): boolean {
  return !/^Traceback /.test(line) && !/^(?:During|The above) /.test(line) && NAMED.test(line);
}
