import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findingRows } from '../../src/dashboard/tables/findings.ts';
import { detectors } from '../../src/detectors/registry.ts';
import { analyzeFiles, type Finding, type Report } from '../../src/index.ts';
import { PaperDashboard } from '../support/screens.ts';
import { epoch, samples } from '../support/truth.ts';

const MOST_KEYS = 3;
/** The keys that move and open: all but `G`, which goes to the end of a list, stand in the footer. */
const KEYS = ['enter', 'j', 'n', 'G', 'k'];
const implemented = new Set<string>(detectors.map(({ kind }) => kind));

/** Every way to press at most that many keys, short ways first. */
function ways(most: number): string[][] {
  let last: string[][] = [[]];
  const all: string[][] = [];
  for (let length = 1; length <= most; length++) {
    last = last.flatMap((way) => KEYS.map((key) => [...way, key]));
    all.push(...last);
  }
  return all;
}

/** The keys to the row of a finding that is a cause; none to others. A capture of many causes is a list to walk. */
function toRow(report: Report, { effectOf }: Finding): readonly string[] {
  if (effectOf === undefined) return [];
  const { state } = new PaperDashboard(report);
  const row = findingRows(state).findIndex(({ id }) => id === effectOf);
  return Array.from({ length: Math.max(0, row) }, () => 'j');
}

/** Whether the screen shows a line that proves it, with its number. */
function shows(screen: readonly string[], { evidence }: Finding): boolean {
  return evidence.some(({ line, text }) => {
    const call = /[a-z_0-9]+\(|<\.\.\. \w+/.exec(text)?.[0] ?? text.slice(0, 20);
    return screen.some((row) => new RegExp(`(^|\\D)${line}\\D`).test(row) && row.includes(call.slice(0, 12)));
  });
}

for (const { name, trace, truth } of samples()) {
  const expected = truth.expect.found.filter((kind) => implemented.has(kind));
  if (expected.length === 0) continue;
  describe(`sample ${name} at 80x24`, async () => {
    const report = await analyzeFiles([trace], { from: epoch(truth.window.from), to: epoch(truth.window.to) });
    for (const kind of expected) {
      it(`shows lines of ${kind} after at most three keys, of an effect from the row of its cause on`, () => {
        const findings = report.findings.filter((finding) => finding.kind === kind && finding.evidence.length > 0);
        assert.ok(findings.length > 0, 'not found');
        const way = ways(MOST_KEYS).find((keys) =>
          findings.some((finding) => {
            const dashboard = new PaperDashboard(report).press(...toRow(report, finding), ...keys);
            const opened = dashboard.state.screens.findLast(({ kind: screen }) => screen === 'finding')?.finding;
            // What came of a cause, and the same in other workers, stands on the screen of the cause.
            const isThere = [finding.id, finding.effectOf, finding.memberOf].includes(opened ?? '');
            return isThere && shows(dashboard.lines, finding);
          }),
        );
        assert.ok(
          way !== undefined,
          `no way in ${MOST_KEYS} keys; at first one sees\n${new PaperDashboard(report).screen}`,
        );
      });
    }
    it('asks for the lines of the worst finding after two', () => {
      const dashboard = new PaperDashboard(report).press('enter', 'enter');
      const [first] = report.findings[0]?.evidence ?? [];
      assert.equal(dashboard.state.lines.cursor, first?.line);
      assert.equal(dashboard.lastEffect?.type, 'read-lines');
    });
  });
}
