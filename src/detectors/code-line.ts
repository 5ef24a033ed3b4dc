import type { KeptLine } from '../model/evidence.ts';
import type { Thread } from '../model/machine/thread.ts';
import type { CodeSample } from '../model/measuring/code-samples.ts';
import type { Model } from '../model/model.ts';
import { codePlace, tellingFrame } from '../trace/code-frame.ts';
import type { Nanoseconds } from '../trace/time.ts';
import type { Step } from './finding.ts';
import { metric } from './metric.ts';

/** Frames of a stack that a report carries. */
const MOST_FRAMES = 20;
/** A title has room for so much of a place. */
const LONGEST_PLACE = 44;

const frameShape = metric.record({
  function: metric.text("The function; '' where it has no name."),
  file: metric.text('Its source file, or the library it is in.'),
  line: metric.orNull(metric.count('The line of the file; null where it is not known.')),
  isApplication: metric.flag(
    'It is the innermost frame of the application; in a stack without source, that of a library of its own choice.',
  ),
});

/** The shape of a stack in the metrics of a finding. */
export const framesShape = metric.sometimes(
  metric.list(
    frameShape,
    'The code it was in, innermost frame first, as a program saw that looked at it meanwhile; left out when none did.',
  ),
);

/** The member of a metric that carries the stack of a sample; none where nobody looked. */
export function framesMember(sample: CodeSample | null): { readonly frames?: ReturnType<typeof framesOf> } {
  return sample === null ? {} : { frames: framesOf(sample) };
}

function framesOf(sample: CodeSample) {
  const { frames } = sample;
  const application = tellingFrame(sample.frames);
  // What is furthest in is mostly of libraries: the application's own frame is not what is cut.
  const at = application === null ? 0 : frames.indexOf(application);
  const from = Math.max(0, at - MOST_FRAMES + 1);
  return frames.slice(from, from + MOST_FRAMES).map((frame) => ({
    function: frame.name,
    file: sample.by === '' ? baseOf(frame.file) : frame.file,
    line: frame.line === 0 ? null : frame.line,
    isApplication: frame === application,
  }));
}

/** What a thread did between two moments; `call` is the one that took most of it, '' of none. */
interface ThreadTime {
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly call?: string;
}

/** The code that a thread was in meanwhile; null where nobody looked and the call has no stack. */
export function codeIn(model: Model, thread: Thread, { start, end, call }: ThreadTime): CodeSample | null {
  return model.code.within(thread.lane, start, end, call);
}

/** `app.py:12 application()`: where the application was; '' when the stack does not show it. */
export function placeOf(sample: CodeSample | null): string {
  const frame = sample === null ? null : tellingFrame(sample.frames);
  if (frame === null) return '';
  const place = codePlace(frame);
  return place.length <= LONGEST_PLACE ? place : `${place.slice(0, LONGEST_PLACE - 3)}...`;
}

/** The place that most of these samples show; '' when no place is that of more than half of the threads. */
export function commonPlace(samples: readonly (CodeSample | null)[]): string {
  const counts = new Map<string, number>();
  for (const sample of samples) {
    const place = placeOf(sample);
    if (place !== '') counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  const [top] = [...counts].toSorted(([, a], [, b]) => b - a);
  return top !== undefined && top[1] * 2 > samples.length ? top[0] : '';
}

/** A title with the place of the code behind it: where both do not fit, the title gives way. */
export function withPlace(title: string, place: string, longest: number): string {
  if (place === '') return title;
  const full = `${title}, ${place}`;
  if (full.length <= longest) return full;
  const short = place.split(' ', 1)[0] ?? place;
  const shorter = `${title}, ${short}`;
  if (shorter.length <= longest) return shorter;
  return `${title.slice(0, longest - short.length - 5)}..., ${short}`;
}

/** Lines with the one that says what code it was behind them, where that is not among them. */
export function withCode(lines: readonly KeptLine[], sample: CodeSample | null): KeptLine[] {
  const isNew = sample !== null && sample.by !== '';
  return isNew ? [...lines, sample.line] : [...lines];
}

/** What to do next where the line of code is known: to open it comes first, and nobody need be asked for it. */
export function stepsWithCode(steps: readonly Step[], sample: CodeSample | null): Step[] {
  const frame = sample === null || sample.by === '' ? null : tellingFrame(sample.frames);
  if (frame === null) return [...steps];
  // A library is nobody's to open.
  if (frame.line === 0) return [...steps];
  const place = `${frame.file}:${frame.line}`;
  const named = frame.name === '' || frame.name.startsWith('<') ? '' : `: ${frame.name}() is the code that ran`;
  return [
    { text: `Open ${place}${named}.` },
    ...steps.filter(({ command = '' }) => !command.startsWith('py-spy dump')),
  ];
}

/** ` py-spy saw application() at /srv/app.py:12.`; '' when the stack does not show the application. */
export function codeSentence(sample: CodeSample | null): string {
  const frame = sample === null ? null : tellingFrame(sample.frames);
  if (sample === null || frame === null) return '';
  if (sample.by === '')
    return ` It was called from ${frame.name === '' ? '' : `${frame.name}() of `}${baseOf(frame.file)}.`;
  const what = frame.name === '' ? 'code' : `${frame.name}()`;
  return ` ${sample.by} saw ${what} ${frame.line === 0 ? `of ${frame.file}` : `at ${frame.file}:${frame.line}`}.`;
}

/** A library is known by its name; where it lies may tell what no report need hold. */
function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
