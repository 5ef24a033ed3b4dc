import assert from 'node:assert/strict';
import test from 'node:test';
import { ARGUMENT_WORDS, type ArgumentWord } from '../../parsers/arguments/argument-words.ts';
import { socketAddress } from '../../parsers/arguments/strace-text.ts';
import { firstData, holdsWord, inetAddress } from '../../parsers/text/argument-scan.ts';
import { viewOf } from '../../parsers/text/byte-words.ts';
import { inetText } from '../../src/trace/call-arguments.ts';
import type { Family } from '../../src/trace/syscalls.ts';

/** The text between others, so that a look beyond its ends would show. */
function between(text: string): { bytes: Buffer; view: DataView; from: number; to: number } {
  const bytes = Buffer.from(`F_SETFL${text}, [1] HUP\n`, 'latin1');
  return { bytes, view: viewOf(bytes), from: 7, to: 7 + text.length };
}

const ARGUMENTS: Readonly<Record<keyof typeof ARGUMENT_WORDS, readonly string[]>> = {
  accept: [
    '5<socket:[1]>, {sa_family=AF_INET, sin_port=htons(40286), sin_addr=inet_addr("127.0.0.1")}, [16], SOCK_CLOEXEC',
    '5, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK',
    '5, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC',
    '5, NULL, NULL, SOCK_NONBLOCK',
    '5, NULL, NULL, 0',
    'SOCK_CLOEXEC',
    '',
  ],
  'epoll-wait': [
    '[{events=EPOLLIN, data={u32=5, u64=5}}], 64, 539',
    '[{events=EPOLLIN|EPOLLHUP, data={u32=13, u64=13}}], 64, 539',
    '[{events=EPOLLIN, data={u32=5, u64=5}}, {events=EPOLLRDHUP, data={u32=6, u64=6}}], 64, 539',
    '[], 64, 100',
  ],
  ioctl: ['14<socket:[2]>, FIONBIO, [1]', '14, FIONBIO, [0]', 'FIONBIO, [1]', '3, TCGETS, 0x7ffe', ''],
  fcntl: ['7, F_SETFL, O_RDWR|O_NONBLOCK', '7, F_GETFL', '7, F_DUPFD_CLOEXEC, 3'],
};

test('a word is found in the bytes where it stands in the text', () => {
  for (const [family, texts] of Object.entries(ARGUMENTS) as [keyof typeof ARGUMENT_WORDS, readonly string[]][]) {
    for (const text of texts) {
      for (const word of ARGUMENT_WORDS[family] as readonly ArgumentWord[]) {
        const { bytes, view, from, to } = between(text);
        assert.equal(
          holdsWord(family as Family, word, bytes, view, from, to),
          text.includes(word),
          `${word} in ${text}`,
        );
      }
    }
  }
});

test('the data of the first event are read', () => {
  for (const [text, expected] of [
    ['[{events=EPOLLIN, data={u32=5, u64=5}}], 64, 539', 5],
    ['[{events=EPOLLIN, data={u32=4294967291, u64=4294967291}}], 64, 539', 4294967291],
    ['[{EPOLLIN, {u32=13, u64=13}}], 64, 539', 13],
    ['[], 64, 539', -1],
    ['u32', -1],
  ] as const) {
    const { bytes, view, from, to } = between(text);
    assert.equal(firstData(bytes, view, from, to), expected, text);
  }
});

test('an address of IPv4 is read as a number that stands for the same text, any other text is left alone', () => {
  const good = (address: string, port: number): string =>
    `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("${address}")}, [16]`;
  for (const [address, port] of [
    ['127.0.0.1', 40_286],
    ['0.0.0.0', 0],
    ['255.255.255.255', 65_535],
    ['10.200.3.44', 7],
  ] as const) {
    for (const text of [good(address, port), `5<socket:[217807]>, ${good(address, port)}`]) {
      const { bytes, view, from, to } = between(text);
      const read = inetAddress(bytes, view, from, to);
      assert.equal(inetText(read), `${address}:${port}`);
      assert.equal(inetText(read), socketAddress(text));
    }
  }
  for (const text of [
    good('256.0.0.1', 80),
    good('1.2.3', 80),
    good('1.2.3.4.5', 80),
    good('1.2..4', 80),
    good('127.0.0.1', 65_536),
    good('127.0.0.1', 80).slice(0, 60),
    '{sa_family=AF_INET6, sin6_port=htons(5), inet_pton(AF_INET6, "::1", &sin6_addr)}',
    '{sa_family=AF_UNIX, sun_path="/run/{sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr(\\"1.2.3.4\\")}"}, [23]',
    `"x", ${good('127.0.0.1', 80)}`,
    'NULL, NULL',
    '',
  ]) {
    const { bytes, view, from, to } = between(text);
    assert.equal(inetAddress(bytes, view, from, to), -1, text);
  }
});
