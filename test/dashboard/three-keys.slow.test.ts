import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectors } from '../../src/detectors/registry.ts';
import { analyzeFiles, type Finding } from '../../src/index.ts';
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
      it(`shows lines of ${kind} after at most three keys`, () => {
        const findings = report.findings.filter((finding) => finding.kind === kind && finding.evidence.length > 0);
        assert.ok(findings.length > 0, 'not found');
        const way = ways(MOST_KEYS).find((keys) => {
          const dashboard = new PaperDashboard(report).press(...keys);
          const opened = dashboard.state.screens.findLast(({ kind: screen }) => screen === 'finding')?.finding;
          // What came of a cause, and the same in other workers, stands on the screen of the cause.
          return findings.some(
            (finding) =>
              [finding.id, finding.effectOf, finding.memberOf].includes(opened ?? '') &&
              shows(dashboard.lines, finding),
          );
        });
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
