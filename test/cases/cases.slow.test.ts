import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzeFiles, InputError } from '../../src/index.ts';
import { renderText } from '../../src/output/text.ts';
import { toldTwice } from '../support/one-cause.ts';
import { pageComplaints } from '../support/one-page.ts';
import { type Case, casesOf, complaintsOf, firstLineComplaints } from './case.ts';
import { OPEN } from './open.ts';

/** What is wrong with a case; none when it is as expected. */
async function look(each: Case): Promise<readonly string[]> {
  const { paths, expectation } = each;
  const { exit = 0, args = [] } = expectation;
  try {
    const report = await analyzeFiles(paths);
    if (exit !== 0) return [`read, though exit code ${exit} is expected`];
    const text = renderText(report, { verbose: args.includes('-v') ? 1 : 0, width: 100, colour: false, ascii: false });
    return [
      ...complaintsOf(each, report, text),
      ...firstLineComplaints(each, report),
      ...pageComplaints(report),
      ...toldTwice(report),
    ];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return exit === 3 ? [] : [error.message];
  }
}

for (const folder of ['public', 'strace-suite', 'newer', 'servers']) {
  const cases = casesOf(folder);
  describe(`cases of ${folder}`, () => {
    // Strangers' traces are not part of the project: a checkout may stand alone.
    const isAbsent = cases.length === 0 && !process.env.CI;
    it('stand beside the checkout', { skip: isAbsent && 'no shared/cases here' }, (context) => {
      context.diagnostic(`${cases.length} cases`);
    });
    for (const each of cases) {
      const { name } = each;
      if (!OPEN.has(name))
        it(`${name}: ${each.expectation.why ?? 'as expected'}`, async () => assert.deepEqual(await look(each), []));
      else
        it(`${name} is still open`, async () => {
          assert.notDeepEqual(await look(each), [], `${name} is as expected now: take it from the list of open cases`);
        });
    }
  });
}
