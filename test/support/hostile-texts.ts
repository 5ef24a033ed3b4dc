import type { Report } from '../../src/analysis/report.ts';
import { buildFinding } from './report-builder.ts';

/** What a trace may hold to fool a terminal, a document, or the person before it. */
export const HOSTILE: readonly string[] = [
  '\x1b[2J\x1b[H\x1b[31mCLEAR\x1b[0m',
  '\x1b]52;c;c2VzYW1l\x07 \x1b]0;title\x1b\\ \x1bP+q\x1b\\',
  '\u009b2J\u009d52;c;c2VzYW1l\u009c\u0085\u0090',
  '\x1b[8mhidden\x1b[28m \x0e\x0f\x07\b\x7f\0',
  'real\rFAKE  CRITICAL\n 1  CRITICAL  forged\r\n\t\v\f',
  '\u202etxt.exe\u2066\u2067\u2069\u200e\u200f\u061c',
  'zero\u200bwidth\u200c\u200d\u2060\ufeff\u00ad\u180e',
  'line\u2028separator\u2029',
  '\ud800 lone \udfff surrogates \udc00\ud800',
  'e\u0301\u0337\u20dd Z\u0351\u0343\u034b',
  '\u6f22\u5b57 \uff21 \u{1f600}\u{1f468}\u200d\u{1f469} \u2705\ufe0f',
  '\ue000\uf8ff\u{f0000}\u{e0041}\uffff\ufdd0',
  '` `` ``` ```` ~~~ `````text',
  'a|b\\|c|d\\',
  '</code></td><script>alert(1)</script><img src=x onerror=alert(1)>&lt;&#60;',
  '{red-fg}FAKE OK{/} {bold}{escape}',
  '[click](javascript:alert(1)) ![x](http://e/x.png) <http://e>',
  '# heading\n\n---\n- [x] done\n1. one\n> quote\n    code',
  "=cmd|' /C calc'!A0 @SUM(1) +1 -1",
  '"unclosed \\" quote \\',
  'read(3, "\x1b[2J\\"\u202e|`", 8) = 8',
  'GET /a?\x1b[2J|`<b> HTTP/1.1\r\nCookie: \u009b',
  'x'.repeat(1_009),
  '\x1b'.repeat(307),
  '__proto__',
  '%s%n%x ${HOME} $(id) `id`',
  '',
  ' ',
];

/** Words of the contract: the views look them up, a trace cannot choose them. */
const CONTRACT_KEYS: ReadonlySet<string> = new Set(['kind', 'severity', 'confidence', 'status', 'grade']);

/**
 * The report with that text in place of every string that is not a word of the contract, and as a name where names are
 * free.
 */
export function poison(report: Report, text: string): Report {
  const full = {
    ...report,
    findings: [...report.findings, buildFinding({ severity: 'warning' }), buildFinding({ severity: 'info' })],
  };
  return JSON.parse(JSON.stringify(full), (key, value: unknown) => {
    if (key === 'errors') return { [text]: 17, EPIPE: 23 };
    if (key === 'metrics') return { ...(value as object), [text]: text };
    return typeof value === 'string' && !CONTRACT_KEYS.has(key) ? text : value;
  }) as Report;
}
