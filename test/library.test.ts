import assert from 'node:assert/strict';
import test from 'node:test';
import { analyzeFiles, renderJson, renderMarkdown, renderText } from '../src/index.ts';
import { runDrover, typed } from './support/run-drover.ts';

const TRACE = 'samples/distracted-worker/trace.strace.gz';

test('a program renders a report as the command line does', async () => {
  const report = await analyzeFiles([TRACE]);
  const forms = [
    [renderText(report), ['--width', '100']],
    [
      renderText(report, { width: 71, ascii: true, verbose: 1, withPayload: true }),
      ['--width', '71', '--ascii', '-v', '--with-payload'],
    ],
    [renderJson(report), ['--json']],
    [renderMarkdown(report), ['--md']],
  ] as const;
  for (const [index, [text, words]] of forms.entries()) {
    const { stdout } = await (index === 0 ? runDrover : typed)([TRACE, ...words]);
    assert.equal(text, stdout, words.join(' '));
  }
});
