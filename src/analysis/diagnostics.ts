/**
 * What can be wrong with input. `error`: something was lost; `warning`: findings may be affected; `info`: normal, told
 * for completeness.
 */
interface DiagnosticMeaning {
  readonly severity: 'info' | 'warning' | 'error';
  readonly meaning: string;
}

const DIAGNOSTICS: Readonly<Record<string, DiagnosticMeaning>> = {
  'unparsed-line': {
    severity: 'error',
    meaning: 'Lines that look like the tracer wrote them and could not be read; their calls are missing.',
  },
  'foreign-line': {
    severity: 'info',
    meaning: 'Lines that the tracer did not write: program output, prompts, comments.',
  },
  'cut-line': {
    severity: 'info',
    meaning: 'The last line has no end; normal when a live capture is stopped or copied.',
  },
  'orphan-resume': {
    severity: 'info',
    meaning: 'Second halves of calls that had begun before the capture, or whose first half is missing.',
  },
  'lost-half': {
    severity: 'warning',
    meaning: 'Calls with a begin and no end, although their thread went on: lines were removed.',
  },
  'name-mismatch': {
    severity: 'warning',
    meaning: 'A call ended under another name than it began with; drover uses the name at its end.',
  },
  'clock-step': {
    severity: 'warning',
    meaning: 'The clock was set back. drover moved later times forward, so that no duration is negative.',
  },
  'clock-leap': {
    severity: 'warning',
    meaning:
      'The clock was set forward during the capture. drover took the leap out of all figures: later times are ' +
      'earlier by it than in the lines. Signs of a leap: waits that report far shorter durations than their stamps, ' +
      'or the same silence in the files of several threads.',
  },
  'exit-order': {
    severity: 'warning',
    meaning:
      'Calls are printed when they return and filtered by outcome (-z, -Z, -e status): failed or successful calls ' +
      'may be missing, so shares cannot be trusted.',
  },
  'newest-first': {
    severity: 'warning',
    meaning:
      'The lines stand newest first, as log viewers show them: nothing can be said. Turn them: tac FILE | drover.',
  },
  'no-threads': {
    severity: 'warning',
    meaning:
      'Calls of several threads whose lines do not say which thread it is: a column was taken away. Give the file as ' +
      'strace -f -o FILE wrote it.',
  },
  'line-order': {
    severity: 'warning',
    meaning:
      'Lines stand behind later ones: by thread, or as they arrived. What threads did to each other is unknown. Sort ' +
      'them by time: sort -s -k2,2 FILE | drover. Files of strace -ff are given as their folder.',
  },
  delayed: {
    severity: 'warning',
    meaning:
      'strace itself held calls up, as -e inject=…:delay_enter or delay_exit tells it to; their lines say (DELAYED). ' +
      'What they took is no fault of the server, and shows in findings as calls that took long or did not run.',
  },
  'losses-untold': {
    severity: 'info',
    meaning:
      'bpftrace 0.24 and later says on standard error how many events it lost, and this file does not hold that: ' +
      'calls may be missing. Record with 2>&1.',
  },
  'long-line': { severity: 'info', meaning: 'Very long lines; their middle was not kept.' },
  'tracer-message': {
    severity: 'info',
    meaning: 'Messages of the tracer itself, such as threads it could not attach to.',
  },
  elision: {
    severity: 'warning',
    meaning: 'Lines were left out by whoever copied the capture; what they held is missing.',
  },
  'binary-bytes': {
    severity: 'info',
    meaning: 'Bytes that strace does not print; the file may be damaged or mixed with something else.',
  },
  'summary-table': { severity: 'info', meaning: 'A strace -c table: counts without events.' },
  'truncated-compression': {
    severity: 'warning',
    meaning: 'The compressed file ends too early; what could be unpacked was read.',
  },
  'tracer-died': {
    severity: 'warning',
    meaning: 'The tracer ended before its time; what it had written was analysed.',
  },
  'capture-ended-early': {
    severity: 'info',
    meaning: 'The live capture was ended early: space ran out, or a worker had to be set free.',
  },
  'columns-before': {
    severity: 'info',
    meaning: 'Files of which something stood before each line, as a log or a container puts it: it was taken off.',
  },
  'wrapped-lines': {
    severity: 'info',
    meaning: 'Files whose lines a terminal or a mail had broken: they were put together again.',
  },
  'doubled-lines': {
    severity: 'info',
    meaning: 'Files in which each line stood twice, one behind the other: it was read once.',
  },
  'text-before': {
    severity: 'info',
    meaning: 'Files in which a trace stands below other text, as below a log: that text was left out.',
  },
  'repeated-lines': {
    severity: 'info',
    meaning:
      'Runs of lines that stand in the file before, times and all, as when a piece was pasted again or pieces ' +
      'overlap: each was read once.',
  },
  'read-error': {
    severity: 'warning',
    meaning: 'Files that could not be read, or not to their end; what could be read was analysed.',
  },
  'shrunk-file': {
    severity: 'warning',
    meaning:
      'Files became shorter while they were read, as by log rotation with copytruncate; what was cut off is missing.',
  },
  'grown-file': { severity: 'info', meaning: 'Files grew while they were read; what was there at the start was read.' },
  'mixed-clocks': {
    severity: 'warning',
    meaning: 'Files whose times cannot be compared with the others were left out.',
  },
  'unknown-input': { severity: 'warning', meaning: 'Files that are no trace drover knows were left out.' },
  'skipped-file': {
    severity: 'info',
    meaning: 'Files of the directory that are not part of a -ff set, or no regular files, were left out.',
  },
  'late-line': {
    severity: 'warning',
    meaning:
      'Lines that stand more than a second, or some thousands of lines, behind later ones: their order is uncertain.',
  },
  'memory-limit': {
    severity: 'warning',
    meaning:
      'Reading ended early because memory ran out: what had been read by then was analysed. Give drover more ' +
      '(NODE_OPTIONS=--max-old-space-size=8192, in MB), or a part of the trace.',
  },
  'overlapping-files': {
    severity: 'warning',
    meaning:
      'More than 3,000 files overlap in time: these were read after others had ended, so what their threads did at ' +
      'the same time as others cannot be compared.',
  },
  'silent-threads': {
    severity: 'warning',
    meaning:
      'More than 8,000 threads came and went without a line that says they ended; drover followed those that had ' +
      'been silent for longest no further. Counts are too low.',
  },
  'ended-workers': {
    severity: 'warning',
    meaning:
      'More than 4,000 workers ended during the capture; those that had done least were left out of what is judged.',
  },
  'open-descriptors': {
    severity: 'warning',
    meaning:
      'More descriptors were open at a time than are followed (130,000, and 4,000 with numbers above a million): ' +
      'some were let go of, first clients that said nothing.',
  },
  'further-listeners': {
    severity: 'warning',
    meaning: 'More than 16,000 sockets listened; nothing was judged of the ones that came later.',
  },
  'lost-events': { severity: 'error', meaning: 'The tracer dropped events; counts are too low.' },
};

export function meaningOf(code: string): DiagnosticMeaning {
  return DIAGNOSTICS[code] ?? { severity: 'info', meaning: 'Something unusual was noted while reading.' };
}
