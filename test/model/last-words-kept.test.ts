import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FailureText } from '../../src/model/topics/deaths/last-words.ts';
import { SECOND, UNKNOWN } from '../../src/trace/time.ts';

/** What a process printed, one line of the capture each, from line 100 on, 7 s from the beginning. */
function printed(lines: readonly string[], accepted = 3): FailureText {
  const text = new FailureText();
  for (const [index, line] of lines.entries())
    text.add(line, { file: 'trace', line: 100 + index, text: line }, { at: 7 * SECOND, accepted, log: '' });
  return text;
}

const TRACEBACK = [
  'Traceback (most recent call last):',
  '  File "/srv/app.py", line 7, in <module>',
  'ValueError: no port',
];
const texts = (text: FailureText): string[] => (text.before(7 * SECOND, 103, 3)?.lines ?? []).map((line) => line.text);

describe('what a process printed of its failure', () => {
  it('is its last words for 5 s, 20,000 lines, and until it takes another client', () => {
    const text = printed(TRACEBACK);
    const at = (seconds: number, line: number, accepted: number): string | undefined =>
      text.before(seconds * SECOND, line, accepted)?.error?.text;
    assert.equal(at(12, 20_102, 3), 'ValueError: no port');
    assert.equal(at(12.001, 20_102, 3), undefined);
    assert.equal(at(12, 20_103, 3), undefined);
    assert.equal(at(12, 20_102, 4), undefined);
    assert.equal(text.before(UNKNOWN, 103, 3)?.error?.text, 'ValueError: no port');
  });

  it('is kept with its first four lines, its last three and the error; the others are counted', () => {
    const frames = Array.from({ length: 17 }, (_, index) => `  File "/srv/app.py", line ${index}, in call`);
    const text = printed([TRACEBACK[0] ?? '', ...frames, 'ValueError: no port', '    during start']);
    const { lines, error, leftOut } = text.before(7 * SECOND, 120, 3) ?? {};
    assert.deepEqual(
      lines?.map((line) => line.text.trim()),
      [
        'Traceback (most recent call last):',
        'File "/srv/app.py", line 0, in call',
        'File "/srv/app.py", line 1, in call',
        'File "/srv/app.py", line 2, in call',
        'File "/srv/app.py", line 16, in call',
        'ValueError: no port',
        'during start',
      ],
    );
    assert.deepEqual([error?.text, leftOut], ['ValueError: no port', 13]);
  });

  it('is looked at for 60 lines, each of 300 characters', () => {
    const long = printed([`ValueError: ${'x'.repeat(400)}`]);
    assert.equal(long.before(7 * SECOND, 101, 3)?.error?.text.length, 300);
    const frames = Array.from({ length: 70 }, (_, index) => `  File "/srv/app.py", line ${index}, in call`);
    const last = texts(printed([TRACEBACK[0] ?? '', ...frames]))?.at(-1);
    assert.equal(last?.trim(), 'File "/srv/app.py", line 58, in call');
  });

  it('is the traceback, and not a complaint that follows it; of the next client it is the next failure', () => {
    const text = printed([...TRACEBACK, '[INFO] listening again', 'Error: worker failed']);
    assert.deepEqual(texts(text), TRACEBACK);
    const shown = { file: 'trace', line: 105, text: '' };
    text.add('Error: no such table', shown, { at: 7 * SECOND, accepted: 4, log: '' });
    assert.equal(text.before(7 * SECOND, 106, 4)?.error?.text, 'Error: no such table');
  });

  it('is the later one of two complaints, or of two tracebacks, that lines of a log part', () => {
    const info = '[INFO] listening again';
    assert.deepEqual(texts(printed(['Error: no port', info, 'Error: worker failed'])), ['Error: worker failed']);
    const second = TRACEBACK.with(2, 'KeyError: port');
    assert.deepEqual(texts(printed([...TRACEBACK, info, ...second])), second);
    assert.deepEqual(texts(printed([...TRACEBACK.slice(0, 2), info, 'Error: worker failed'])), [
      'Error: worker failed',
    ]);
  });

  it('is the second of two tracebacks', () => {
    assert.deepEqual(
      texts(printed([...TRACEBACK, ...TRACEBACK.with(2, 'KeyError: port')])),
      TRACEBACK.with(2, 'KeyError: port'),
    );
  });

  it('has a complaint right before its traceback', () => {
    const complaint = ['Error: worker failed', '    in boot'];
    for (const lines of [complaint.slice(0, 1), complaint])
      assert.deepEqual(texts(printed([...lines, ...TRACEBACK])), [...lines, ...TRACEBACK]);
    // So long a text is a failure of its own.
    assert.deepEqual(texts(printed([...complaint, '    at start', ...TRACEBACK])), TRACEBACK);
  });

  it('may come in parts of lines, and says where the capture shows no more of it', () => {
    const text = new FailureText();
    const shown = { file: 'trace', line: 100, text: '' };
    const printing = { at: 7 * SECOND, accepted: 3, log: '/var/log/app' };
    text.write('Traceback (most recent call last):\n  File "/srv/app.py", li', false, shown, printing);
    text.write('ne 7, in run\nValueError: no po', true, shown, printing);
    const { lines, isCut, log } = text.before(7 * SECOND, 103, 3) ?? {};
    assert.deepEqual(
      lines?.map((line) => line.text.trim()),
      ['Traceback (most recent call last):', 'File "/srv/app.py", line 7, in run', 'ValueError: no po ...'],
    );
    assert.deepEqual([isCut, log], [true, '/var/log/app']);
    assert.equal(printed(TRACEBACK).before(7 * SECOND, 103, 3)?.isCut, false);
  });
});
