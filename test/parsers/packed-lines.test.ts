import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeUnknown } from '../../parsers/not-a-trace.ts';
import { packingOf, Unpacking, unpackedLines } from '../../parsers/packed-lines.ts';
import { detectFormat } from '../../parsers/registry.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { ByteInput } from '../../src/sources/byte-input.ts';
import { workerLines } from '../support/worker-lines.ts';

const LINES = [
  '12 read(3, "a\\"b|c, \\n", 8) = 5',
  '13 openat(AT_FDCWD, "/srv/x", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)',
  '12 write(4, "caf\\303\\251; \\t", 8) = 8',
  '12 close(3) = 0',
];
const at = (n: number): string => `2026-11-20T18:29:0${n}.250000017Z`;
const csv = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const bars = (text: string): string => text.replaceAll('|', '\\|');
const json = (value: unknown): string => JSON.stringify(value);
const pretty = (value: unknown): string => JSON.stringify(value, null, 2);
const html = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

type Pack = (lines: readonly string[]) => string;
const each =
  (pack: (line: string, n: number) => string): Pack =>
  (lines) =>
    lines.map(pack).join('\n');

/** Who packs lines of a trace, and how; whether a date is beside each. */
const PACKERS: Readonly<Record<string, readonly [pack: Pack, isDated: boolean]>> = {
  'a log file of Docker': [each((log, n) => json({ log: `${log}\n`, stream: 'stderr', time: at(n) })), true],
  'the journal': [each((MESSAGE, n) => json({ __REALTIME_TIMESTAMP: `179520294${n}250000`, MESSAGE })), true],
  'the journal, in bytes': [
    each((line, n) => json({ __REALTIME_TIMESTAMP: `179520294${n}250000`, MESSAGE: [...Buffer.from(line)] })),
    true,
  ],
  Loki: [each((line, n) => json({ labels: { app: 'a' }, line, timestamp: at(n) })), true],
  Elasticsearch: [each((message, n) => json({ _id: 'x', _source: { '@timestamp': at(n), message } })), true],
  'Elasticsearch, on several lines': [
    (lines) => pretty({ hits: lines.map((message, n) => ({ _source: { '@timestamp': at(n), message } })) }),
    false,
  ],
  'Elasticsearch, in one document': [
    (lines) => json({ hits: lines.map((message) => ({ _source: { message } })) }),
    false,
  ],
  CloudWatch: [each((message, n) => json({ timestamp: 1_795_182_925_250 + n, message })), true],
  'an array of records': [(lines) => `[\n${lines.map((msg, n) => json({ ts: at(n), msg })).join(',\n')}\n]`, true],
  'an array of strings': [(lines) => pretty(lines), false],
  'strings, one a line': [each((line) => json(line)), false],
  'one string': [(lines) => json(lines.join('\n')), false],
  'a program that logs JSON, in a container': [
    each((msg, n) => json({ log: `${json({ msg })}\n`, time: at(n) })),
    true,
  ],
  'a record behind columns': [each((log, n) => `${at(n)} app.stderr: ${json({ log })}`), true],
  'words with names': [each((msg, n) => `time=${at(n)} level=info msg=${json(msg)}`), true],
  'a table of Markdown': [
    (lines) => `| # | line |\n|---|---|\n${each((line, n) => `| ${n} | ${bars(line)} |`)(lines)}`,
    false,
  ],
  'a table of Markdown with dates': [each((line, n) => `| ${at(n)} | ${bars(line)} |`), true],
  'a table without a head, of code': [each((line) => `| \`${bars(line)}\` |`), false],
  'a client of a database': [
    (lines) => `+${'-'.repeat(95)}+\n${each((line) => `| ${line.padEnd(93)} |`)(lines)}\n+${'-'.repeat(95)}+`,
    false,
  ],
  'a spreadsheet with commas': [
    (lines) => `time,host,line\n${each((line, n) => `${at(n)},web-1,${csv(line)}`)(lines)}`,
    true,
  ],
  'Kibana, as a spreadsheet': [
    (lines) => `"@timestamp",line\n${each((line, n) => `"Nov 20, 2026 @ 18:29:0${n}.250",${csv(line)}`)(lines)}`,
    true,
  ],
  'a spreadsheet with semicolons': [each((line, n) => `${n};${csv(line)};web-1`), false],
  'a spreadsheet of one column': [each(csv), false],
  'a spreadsheet with tabs': [each((line, n) => `${at(n)}\tweb-1\t${csv(line)}`), true],
  'single quotes, one a line': [each((line) => `'${line}'`), false],
  'single quotes of Python': [each((line) => `'${line.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}\\n',`), false],
  'bytes of Python': [(lines) => `[${each((line) => `b'${line.replaceAll('\\', '\\\\')}'`)(lines)}]`, false],
  'a list of YAML': [each((line) => `  - '${line.replaceAll("'", "''")}'`), false],
  'rows of HTML': [each((line, n) => `<tr><td>${at(n)}</td><td>${html(line)}</td></tr>`), true],
  'a mail in quoted-printable': [
    each((line) => line.replaceAll('=', '=3D').replace(/^(.{30})(?=.{20})/, '$1=\n')),
    false,
  ],
};

function unpacked(text: string, chunkBytes = text.length): string {
  const bytes = Buffer.from(text);
  const packing = packingOf(bytes);
  assert.notEqual(packing, null);
  const unpacking = new Unpacking(packing as NonNullable<typeof packing>);
  const parts: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += chunkBytes)
    parts.push(unpacking.push(bytes.subarray(from, from + chunkBytes)));
  return Buffer.concat([...parts, unpacking.end()]).toString();
}

async function linesReadOf(text: string): Promise<{ calls: number; unparsed: number; timed: boolean; errors: number }> {
  const input = new ByteInput({
    name: 'x',
    tid: undefined,
    sizeBytes: null,
    rereadable: false,
    read: () => [Buffer.from(text)],
  });
  const report = await analyzeInputs({ kind: 'file', paths: ['x'], inputs: [input], leftOut: [], notices: [] }, {});
  const calls = report.calls.reduce((sum, { count }) => sum + count, 0);
  const { unparsedLines } = report.quality;
  const timed = report.source.flags.timestamps !== 'none';
  const errors = report.calls.find(({ call }) => call === 'openat')?.errors['ENOENT'] ?? 0;
  return { calls, unparsed: unparsedLines, timed, errors };
}

describe('lines of a trace that others packed', () => {
  for (const [name, [pack, isDated]] of Object.entries(PACKERS)) {
    it(`are taken out of ${name}${isDated ? ', with its date where strace gave none' : ''}`, async () => {
      const packed = `${pack(LINES)}\n`;
      const expected = { calls: 4, unparsed: 0, timed: isDated, errors: 1 };
      assert.deepEqual(await linesReadOf(packed), expected);
      assert.deepEqual(await linesReadOf(packed.replaceAll('\n', '\r\n')), expected, 'with carriage returns');
    });

    it(`of ${name} keep the times of strace`, async () => {
      const timed = LINES.map((line, n) => line.replace(' ', ` 1795182925.00000${n} `));
      assert.deepEqual(await linesReadOf(`${pack(timed)}\n`), { calls: 4, unparsed: 0, timed: true, errors: 1 });
    });
  }

  it('are the same however the bytes are cut, and each stands in the place of its own', () => {
    const packed = PACKERS['a log file of Docker']?.[0](LINES) ?? '';
    const whole = unpacked(packed);
    assert.equal(whole.split('\n').length, LINES.length);
    assert.ok(whole.split('\n').every((line, n) => line.replace(/ \d{10}\.\d+/, '') === LINES[n]));
    for (const chunkBytes of [1, 7, 61]) assert.equal(unpacked(packed, chunkBytes), whole);
  });

  it('are those of any format', () => {
    const perf = [1, 2, 3].map((n) => `     ${n}.123 ( 0.012 ms): nginx/12 epoll_wait(epfd: 7, timeout: 1000) = 0`);
    const table = [
      '% time     seconds  usecs/call     calls    errors syscall',
      ' 66.67    0.000040          20         2           close',
    ];
    for (const [lines, id] of [
      [perf, 'perf-trace'],
      [table, 'strace-summary'],
    ] as const)
      assert.equal(
        detectFormat(
          Buffer.from(unpacked(lines.map((message, n) => json({ '@timestamp': at(n), message })).join('\n'))),
        )?.id,
        id,
      );
  });

  it('are shown in the dashboard as they are read', () => {
    const packed = PACKERS['a table of Markdown']?.[0](LINES) ?? '';
    const shown = unpackedLines(Buffer.from(packed))?.([`| 1 | ${bars(LINES[1] as string)} |`]);
    assert.deepEqual(shown, [LINES[1]]);
  });
});

describe('a trace that nobody packed', () => {
  const own: Readonly<Record<string, string>> = {
    'a trace': workerLines({ count: 101 }),
    'a program that prints JSON': LINES.map((line) => `${line}\n{"log":"close(3) = 0"}`).join('\n'),
    'dumps of buffers': `7 read(3, "a", 1) = 1\n${' | 00000  47 45 54 20  GET |\n'.repeat(40)}`,
    'output of bpftrace -f json':
      '{"type": "printf", "data": "event=exit ts=1 pid=1 tid=1 comm=a call=close ret=0\\n"}\n',
    'no trace at all': '{"log":"all is well"}\n{"log":"all is well"}\n',
    'prose about calls': '"when read() fails","call close()"\n"it returns","-1"\n',
    nothing: '',
  };
  for (const [name, text] of Object.entries(own))
    it(`stays as it is: ${name}`, () => assert.equal(packingOf(Buffer.from(text)), null));

  it('is told apart from one in a document that is longer than a head', () => {
    const head = Buffer.from(json({ output: workerLines({ count: 5_003 }) })).subarray(0, 65_536);
    assert.equal(packingOf(head), null);
    assert.match(
      describeUnknown(head, 'a.json'),
      /one document of JSON .*: jq -r '\.\. \| strings' a\.json \| drover -$/,
    );
  });

  it('takes no longer to tell the longer its lines are', () => {
    for (const piece of ['a=b=', '{"', '"",', '| |', '<td', '<tr><td>', '}]', '=3D', '\\"']) {
      const started = performance.now();
      packingOf(Buffer.from(`${piece.repeat(65_536 / piece.length)}`));
      assert.ok(performance.now() - started < 1_000, piece);
    }
  });
});
