import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderMarkdown } from '../../src/output/markdown.ts';
import { codeSpan, fence, paragraph, prose } from '../../src/output/markdown-escape.ts';
import { buildEvidence, buildFinding, buildReport, nightReport as small } from '../support/report-builder.ts';

test('an incident note', () => {
  assert.equal(
    renderMarkdown(small),
    `# drover: CRITICAL, likely

**Worker 4127 does not yield: 13 turns over 100 ms, the longest 2.41 s in fsync.**

Do first (1): See who syncs on the request path. \`lsof -p 4127 -a -d 9\`

- Trace: \`web-01.strace\`, gunicorn, 2 workers, 58.20 s, 1,204,331 lines
- Time range: 2026-11-20 02:13:29.100 to 02:14:27.300 UTC
- Data: good, 12 of 1,204,331 lines unread, no event lost. Wake-ups seen through strace are an upper bound.

| # | Severity | Sure | Finding | Workers | From (UTC) |
| --: | --- | --- | --- | --- | --- |
| 1 | CRITICAL | likely | Loop of worker 4127 blocked in fsync for 2.41 s | 4127 | 02:13:37.902 |
| 2 | INFO | possible | 37 replies met EPIPE: the client had left | 4127 | 02:13:37.902 |

## 1. CRITICAL: Loop of worker 4127 blocked in fsync for 2.41 s

fsync(9&lt;/srv/app/sessions.db&gt;) took 2.41 s. 13 calls over 100 ms on this file, together 9.30 s of 58.20 s. (likely; 02:13:37.902 to 02:13:40.312 UTC; worker 4127) An event-loop worker does one thing at a time: until fsync returns it accepts and answers nobody.

\`\`\`text
web-01.strace:811990  4127 02:13:37.890000 recvfrom(14<TCP:[10.0.0.4:8000->10.2.0.7:51544]>, "POST /login"..., 8192, 0, NULL, NULL) = 118 <0.000010>
web-01.strace:812004  4127 02:13:37.902000 fsync(9</srv/app/sessions.db>) = 0 <2.410113>
\`\`\`

- [ ] See who syncs on the request path. \`lsof -p 4127 -a -d 9\`
- [ ] Move the sync to a thread, on one host first. (needs: a release of the application; caveat: a crash may then lose the last sessions)

Capture again: \`strace -f -ttt -T -y -s 128 -o FILE -p PID\` (\`drover recipe gunicorn\` prints the command for this server).
Recorded as strace with times, durations, pids, fd names. Read by drover 0.1.0; payload removed.
`,
  );
});

test('a note without findings says what was looked for', () => {
  const outcomes = { ...buildReport().outcomes, 'gc-io': { status: 'not-applicable', reason: 'no stacks' } } as const;
  const note = renderMarkdown(buildReport({ outcomes }));
  assert.match(note, /^# drover: NO FINDING, likely$/m);
  assert.match(note, /^No finding does not mean healthy\. Looked for and not seen:$/m);
  assert.match(note, /^- loop-stall: no turn of 100 ms or more in 1,237 turns$/m);
  assert.match(note, /^Could not be looked for in this trace: gc-io\.$/m);
});

test('a note stays under 60 lines, whatever was found, and names what it leaves out', () => {
  const findings = Array.from({ length: 41 }, (_, index) =>
    buildFinding({ id: `loop-stall-${index + 1}`, severity: index < 19 ? 'critical' : 'info' }),
  );
  const note = renderMarkdown(buildReport({ findings }));
  assert.ok(note.trimEnd().split('\n').length < 60);
  assert.match(note, /^\+26 more: 26 loop-stall$/m);
  assert.match(note, /^## 1\. CRITICAL: /m);
  assert.match(note, /^Not shown in detail: 1[0-9] loop-stall; `drover analyze` shows all\.$/m);
});

test('text reads as itself in Markdown', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a|b `c` *d* [e](f) ~g~ $h$ \\i', 'a\\|b \\`c\\` \\*d\\* \\[e\\](f) \\~g\\~ \\$h\\$ \\\\i'],
    ['epoll_wait _x_ __y__', 'epoll_wait \\_x\\_ \\_\\_y\\_\\_'],
    ['<script>&lt;', '&lt;script&gt;&amp;lt;'],
    ['a\nb\u202e\x1b', 'a\\\\x0ab\\\\u{202e}\\\\x1b'],
    ['   indented', 'indented'],
  ];
  for (const [text, escaped] of cases) assert.equal(prose(text), escaped);
});

test('the start of a line makes no heading, list, quotation or rule', () => {
  const starts = ['# a', '- a', '+ a', '1. a', '17) a', '===', '---', '> a', '* a', '    a'].map(paragraph);
  assert.deepEqual(starts, ['\\# a', '\\- a', '\\+ a', '1\\. a', '17\\) a', '\\===', '\\---', '&gt; a', '\\* a', 'a']);
});

test('code stands between more backticks than it holds', () => {
  assert.equal(codeSpan('ls'), '`ls`');
  assert.equal(codeSpan('a ``b'), '```a ``b```');
  assert.equal(codeSpan('`a`'), '`` `a` ``');
  assert.deepEqual(fence(['a ```` b']), ['`````text', 'a ```` b', '`````']);
  assert.deepEqual(fence(['a\n```']), ['````text', 'a\\x0a```', '````']);
});

test('payload stays out unless asked for', () => {
  const report = buildReport({
    findings: [buildFinding({ evidence: [buildEvidence({ text: 'write(2, "sesame", 6) = 6' })] })],
  });
  assert.ok(!renderMarkdown(report).includes('sesame'));
  assert.ok(renderMarkdown(report, { withPayload: true }).includes('sesame'));
});

test('a note tells each reason and each step once', () => {
  const findings = [1, 2].map((number) => buildFinding({ id: `loop-stall-${number}`, severity: 'critical' }));
  const note = renderMarkdown(buildReport({ findings }));
  assert.equal(note.match(/^- \[ \] See who syncs/gm)?.length, 1);
  assert.equal(note.match(/An event-loop worker does one thing at a time/g)?.length, 1);
  assert.match(note, /^## 2\. CRITICAL/m);
});

test('no link, mention, reference or emoji comes out of a trace', () => {
  const WORDS = [
    'http://evil.example/x',
    'HTTP://EVIL.example',
    '//evil.example/x',
    'www.evil.example',
    'evil.com',
    'evil.com:80',
    'evil.com/x',
    'ftp://evil.example',
    'mailto:bob@evil.example',
    'bob@evil.example',
    '/@everyone',
    'gevent@everyone',
    '@here',
    '#1',
    'org/repo#1',
    'GH-12',
    '!12',
    ':skull:',
    'a:+1:b',
    ':100:',
    '<!channel>',
  ];
  for (const word of WORDS) {
    for (const text of [word, `GET ${word}`, `(${word}).`, `a ${word}, ${word} b`]) {
      const bare = prose(text).replace(/(`+)(?!`)(.*?[^`])\1(?!`)/g, '');
      assert.doesNotMatch(bare, /:\/\/|\/\/\w|www|evil|@\w|#\d|GH-|!\d|:\S+:|[<>]/, prose(text));
    }
  }
  assert.equal(prose('a|http://e.example|b'), '`a`\\|`http://e.example`\\|`b`');
  const kept =
    'Worker 7 stalled 1.20 s: flock on /srv/app/sessions.db (6 times), 18:29:05.330 to 18:29:10 UTC; 127.0.0.1:8000';
  assert.equal(prose(kept), kept);
});
