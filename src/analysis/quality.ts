import { whatNamesWouldTell } from '../detectors/served-unseen.ts';
import { count, percent, plural } from '../trace/format-numbers.ts';
import { meaningOf } from './diagnostics.ts';
import {
  sentenceOnEnd,
  sentenceOnFailed,
  sentenceOnHoles,
  sentenceOnMissing,
  sentenceOnRaw,
  sentenceOnShort,
} from './doubts.ts';
import { limitsReached } from './omitted.ts';
import type { Parts } from './parts.ts';
import type { Diagnostic, Quality } from './report.ts';
import { ringNote } from './rings.ts';
import { traceTime } from './times.ts';
import { costNote } from './tracing-cost.ts';
import { sentenceOf } from './unrecorded.ts';

/** Unreadable share of lines from which findings may be wrong, and from which nothing can be told. */
const PARTIAL_SHARE = 0.001;
const POOR_SHARE = 0.05;

const RECORD = 'strace -f -ttt -T -y -s 128 -o FILE -p PID';

/** Grades the input and says what that means for the findings. */
export function assessQuality(parts: Parts): Quality {
  const { facts, model, capabilities, events, noted, cost, options, origin, doubts } = parts;
  const { lines, unparsedLines, lostEvents } = facts;
  const share = lines === 0 ? 1 : unparsedLines / lines;
  const diagnostics: Diagnostic[] = [...facts.diagnostics.values()]
    .map(({ code, count: times, samples }) => ({ code, ...meaningOf(code), count: times, samples }))
    .concat(limitsReached(model))
    .toSorted((a, b) => rank(a.severity) - rank(b.severity) || b.count - a.count);
  const notes: string[] = [];
  if (share > PARTIAL_SHARE)
    notes.push(
      `${count(unparsedLines)} of ${plural(lines, 'line')} could not be read (${percent(share)}): counts are ` +
        'too low.',
    );
  const missing = sentenceOnMissing(doubts);
  if (missing !== '') notes.push(missing);
  const holes = sentenceOnHoles(doubts);
  if (holes !== '') notes.push(holes);
  const short = sentenceOnShort(doubts);
  if (short !== '') notes.push(short);
  const raw = sentenceOnRaw(doubts);
  if (raw !== '') notes.push(raw);
  const failed = sentenceOnFailed(doubts);
  if (failed !== '') notes.push(failed);
  const end = sentenceOnEnd(doubts);
  if (end !== '') notes.push(end);
  notes.push(...doubts.unrecorded.map(sentenceOf));
  if (lostEvents > 0) notes.push(`${plural(lostEvents, 'event')} lost by the tracer: counts are too low.`);
  if (!capabilities.times)
    notes.push(`No timestamps: nothing can be said about when, how long or how often. Record with: ${RECORD}`);
  else if (model.watch.isActive || facts.source.flags.others.includes('watch.bt'))
    notes.push(
      'This capture counts: of calls it tells waits, accepts, failed writes and turns of 100 ms or more, and of ' +
        'threads what the kernel showed once a second.',
    );
  else if (!capabilities.durations && model.statistics.all().length > 0)
    notes.push(`No call durations (-T): how long a call took is bounded by the next line. Record with: ${RECORD}`);
  const { times } = capabilities;
  const isLeftAside = [options.from, options.to].some(
    (point) => point !== undefined && (!times || traceTime(origin, point) === null),
  );
  if (isLeftAside)
    notes.push(
      `--from or --to was left aside: this capture has no ${times ? 'date' : 'times'}. ` +
        'The report is about all of it.',
    );
  if (capabilities.resolution > 0)
    notes.push('The times are whole seconds: nothing shorter than a second shows. Record with -ttt.');
  for (const { severity, meaning, count: times, code } of diagnostics)
    if (severity === 'warning' && code !== 'unparsed-line') notes.push(`${meaning} (${count(times)})`);
  const repeated = facts.diagnostics.get('repeated-lines');
  if (repeated !== undefined) {
    const [first] = repeated.samples;
    const more = repeated.count > 1 ? `, and so on ${count(repeated.count)} times` : '';
    notes.push(`A part of the capture stands in it twice and was read once: ${first?.text}${more}.`);
  }
  if (model.calibration.contended)
    notes.push(
      'The tracer itself was short of CPU: short times are inflated, shares and order are more reliable than ' +
        'milliseconds.',
    );
  if (facts.source.flags.fdDecoration === 'address')
    notes.push(
      'Recorded with -yy, which stops all traced processes at each new socket (1 to 25 ms): delays right after an ' +
        'accept are partly the tracer. Use -y.',
    );
  if (noted?.listenOverflows)
    notes.push(
      `Meanwhile ${plural(noted.listenOverflows, 'connection')} on this host found an accept queue full ` +
        `(ListenOverflows); which server's queue it was is unknown.`,
    );
  if (cost !== null) notes.push(costNote(cost, facts.source.format));
  const unnamed = whatNamesWouldTell({ model, capabilities });
  if (unnamed !== null) notes.push(unnamed.sentence);
  const ring = ringNote(model);
  if (ring !== '') notes.push(ring);
  const damaged =
    share > PARTIAL_SHARE ||
    lostEvents > 0 ||
    unnamed !== null ||
    missing !== '' ||
    holes !== '' ||
    end !== '' ||
    doubts.unrecorded.length > 0 ||
    diagnostics.some(({ severity }) => severity === 'warning' || (severity === 'error' && share > PARTIAL_SHARE));
  const poor = share > POOR_SHARE || events === 0 || !capabilities.times;
  return {
    grade: poor ? 'poor' : damaged || !capabilities.durations || capabilities.resolution > 0 ? 'partial' : 'good',
    lines,
    events,
    unparsedLines,
    lostEvents,
    notes,
    diagnostics,
  };
}

function rank(severity: 'info' | 'warning' | 'error'): number {
  return severity === 'error' ? 0 : severity === 'warning' ? 1 : 2;
}
