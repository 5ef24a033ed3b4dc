import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskSecrets } from '../../src/output/masking/shapes.ts';
import { redactPayload, redactProse } from '../../src/output/payload.ts';
import { redactReport } from '../../src/output/redact.ts';
import {
  buildDiagnostic,
  buildEvidence,
  buildFinding,
  buildReport,
  buildStallMetrics,
} from '../support/report-builder.ts';

test('a request or statement that stands alone becomes its name or its size', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['GET /a?token=sesame HTTP/1.1', 'GET /a'],
    ['10.2.0.7:51544 GET /a', 'GET /a'],
    ['GET /a', 'GET /a'],
    ['OPTIONS * HTTP/1.1', 'OPTIONS *'],
    ['CONNECT shop:443 HTTP/1.1', 'CONNECT shop:443'],
    ['HTTP/1.1 502 Bad Gateway', 'HTTP/1.1 502'],
    ['select * from users', 'SELECT'],
    ['DELETE FROM users', 'DELETE'],
    ['AUTH sesame', '<11 bytes>'],
    ['AUTH SESAME', '<11 bytes>'],
    ['KEYS', 'KEYS'],
    ['MULTI, CONFIG GET, JSON.SET, …', 'MULTI, CONFIG GET, JSON.SET, …'],
    ['CONFIG SESAME', '<13 bytes>'],
    ['set, get', 'set, get'],
    ['GET, SESAME', '<11 bytes>'],
    ['<11 bytes>', '<11 bytes>'],
    ['connection on fd 12', 'connection on fd 12'],
    ['connection from [2001:db8::7]:443', 'connection from [2001:db8::7]:443'],
    ['connection on fd 12 of bob', '<26 bytes>'],
    ['', ''],
  ];
  for (const [payload, name] of cases) assert.equal(redactPayload(payload), name);
});

test('prose loses queries, secrets and users, and keeps its words', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['while it served GET /a?b=c, 3 others waited.', 'while it served GET /a, 3 others waited.'],
    ['see (http://bob:pw@shop/a?b=c).', 'see (http://shop/a).'],
    ['"GET /a?b=\'c\' HTTP/1.1"', '"GET /a HTTP/1.1"'],
    ['Is /srv on a slow disk? Look at iostat.', 'Is /srv on a slow disk? Look at iostat.'],
    ['Is it CPU?', 'Is it CPU?'],
    ['Set-Cookie: sid=1; Path=/', 'Set-Cookie: <removed>'],
    ['DB_PASSWORD=sesame ./run', 'DB_PASSWORD=<removed> ./run'],
    ["ss -ltnp 'sport = :8000'", "ss -ltnp 'sport = :8000'"],
    ["curl -s 'http://127.0.0.1/a?b=c'", "curl -s 'http://127.0.0.1/a'"],
  ];
  for (const [text, redacted] of cases) {
    assert.equal(maskSecrets(text), redacted);
    assert.equal(maskSecrets(redacted), redacted);
  }
});

test('prose keeps only the verb of a statement, and words that merely look like one', () => {
  assert.equal(
    redactProse('Worker 4127 waited in poll after SELECT * FROM users WHERE id=17'),
    'Worker 4127 waited in poll after SELECT ...',
  );
  assert.equal(redactProse('a SELECT on orders of process 7.'), 'a SELECT on orders of process 7.');
  assert.equal(redactProse("a SELECT on 'orders' of process 7."), 'a SELECT ...');
  assert.equal(redactProse('after "UPDATE users SET pw=1", twice'), 'after "UPDATE ...", twice');
  assert.equal(
    redactProse('The call DELETE was answered; CALL it a day WITH care.'),
    'The call DELETE was answered; CALL it a day WITH care.',
  );
});

test('the name of a socket is a path where it is one, from the root or from the folder of the process', () => {
  const shown = (target: string): unknown =>
    redactReport(buildReport({ findings: [buildFinding({ metrics: { ...buildStallMetrics(), target } })] })).findings[0]
      ?.metrics.target;
  assert.equal(shown('unix:/run/app.sock'), 'unix:/run/app.sock');
  assert.equal(shown('unix:private/rewrite'), 'unix:private/rewrite');
  assert.equal(String(shown('unix:private/ghp_16C7e42F292c6912E7710c838347Ae178B4a')).includes('ghp_'), false);
  assert.equal(shown('unix:Zq7xW3'), 'unix:<6 bytes>');
  assert.equal(shown('unix:@private/Zq7xW3'), 'unix:@<14 bytes>');
});

const SECRET = 'sesame';
const loud = buildReport({
  verdict: { severity: 'critical', text: `Worker 4127 was busy with GET /a?${SECRET} for 2.41 s.` },
  quality: {
    notes: [`Cookie: ${SECRET}`],
    diagnostics: [buildDiagnostic({ samples: [buildEvidence({ text: `write(2, "${SECRET}", 6) = 6` })] })],
  },
  outcomes: { 'gc-io': { status: 'clear', reason: `2 calls while serving /a?${SECRET}` } },
  findings: [
    buildFinding({
      title: `AUTH ${SECRET} kept worker 4127`,
      effect: `6 requests waited for unix:token=${SECRET}, up to 1.20 s`,
      summary: `The request POST /b?${SECRET} HTTP/1.1 waited for AUTH ${SECRET}.`,
      why: `SELECT ${SECRET} FROM users`,
      metrics: {
        ...buildStallMetrics(),
        request: `POST /b?${SECRET} HTTP/1.1`,
        target: `10.0.0.9:3306 "SELECT '${SECRET}'"`,
        behind: `AUTH ${SECRET}`,
        explainedBy: 'loop-stall-1',
        waiting: [{ request: `AUTH ${SECRET}`, peer: '10.2.0.7:51544' }],
        stalls: [{ startMs: 8_802, endMs: 11_212, line: `read(3, "${SECRET}", 6) = 6` }],
      },
      evidence: [
        buildEvidence({ text: `read(3, "${SECRET}", 6) = 6` }),
        buildEvidence({ text: `execve("/bin/app", ["app"], ["HOME=/srv/app"]) = 0` }),
      ],
      next: [
        {
          text: `Ask for /b?${SECRET} again.`,
          command: `curl 'http://shop/b?${SECRET}'`,
          needs: `token=${SECRET}`,
          caveat: `password=${SECRET}`,
        },
      ],
    }),
  ],
});

test('no field of a report says payload', () => {
  const redacted = redactReport(loud);
  assert.ok(!JSON.stringify(redacted).includes(SECRET));
  const [finding] = redacted.findings;
  assert.equal(finding?.title, '<11 bytes> kept worker 4127');
  assert.equal(finding?.summary, 'The request POST /b waited for <11 bytes>.');
  assert.equal(finding?.metrics['request'], 'POST /b');
  assert.equal(finding?.metrics['target'], '10.0.0.9:3306 "SELECT"...');
  assert.equal(finding?.metrics['behind'], '<11 bytes>');
  assert.equal(finding?.metrics['explainedBy'], 'loop-stall-1');
  assert.deepEqual(finding?.metrics['waiting'], [{ request: '<11 bytes>', peer: '10.2.0.7:51544' }]);
  assert.equal(finding?.evidence[1]?.text, 'execve("/bin/app", ["app"], ["HOME=<removed>"]) = 0');
  assert.deepEqual(finding?.next, [
    {
      text: 'Ask for /b again.',
      command: "curl 'http://shop/b'",
      needs: 'token=<removed>',
      caveat: 'password=<removed>',
    },
  ]);
});

test('redacting changes nothing else, leaves the report alone and is done after once', () => {
  const before = structuredClone(loud);
  const redacted = redactReport(loud);
  assert.deepEqual(loud, before);
  assert.deepEqual(redactReport(redacted), redacted);
  const quiet = buildReport({ findings: [buildFinding()] });
  assert.deepEqual(redactReport(quiet), quiet);
});
