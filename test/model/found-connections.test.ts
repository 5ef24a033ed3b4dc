import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { passedUnseen } from '../../src/model/following/found-connections.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import { NO_ARGUMENTS } from '../../src/trace/call-arguments.ts';
import { callOf, threadOf } from '../support/model-objects.ts';

interface Read {
  readonly text?: string | null;
  readonly result?: number;
  readonly descriptor?: Descriptor;
  readonly hearsMessages?: boolean;
}

/** What a read of descriptor 11 shows in a process that was forked. */
function read({ text = 'GET /a HTTP/1.1\r\n', result = 17, hearsMessages = true, ...rest }: Read) {
  const [parent, thread] = [threadOf(100), threadOf(101)];
  thread.process.parent = parent.process;
  thread.process.hearsMessages = hearsMessages;
  const call = callOf('read', 100, 130, { fd: 11, result, arguments: { ...NO_ARGUMENTS, payload: () => text } });
  const connection = passedUnseen(call, thread, rest.descriptor ?? new Descriptor('unknown', '', false));
  return { connection, thread, parent };
}

describe('a client on a number of which nothing is known', () => {
  it('was handed over by the parent where a request comes and the process reads messages', () => {
    const { connection, thread, parent } = read({});
    assert.ok(connection !== null);
    assert.equal(thread.process.descriptors.get(11)?.connection, connection);
    assert.deepEqual(
      [parent, thread].map(({ process }) => [process.handsDescriptorsOver, process.receivesDescriptors]),
      [
        [true, false],
        [false, true],
      ],
    );
  });

  it('is none of another read, descriptor or process', () => {
    const others: readonly Read[] = [
      { text: 'no request' },
      { text: null },
      { result: 0 },
      { result: -1 },
      { hearsMessages: false },
      { descriptor: new Descriptor('unknown', 'socket:[7]', false) },
      { descriptor: new Descriptor('unknown', '', true) },
      { descriptor: new Descriptor('file', '', false) },
    ];
    for (const other of others) {
      const { connection, parent } = read(other);
      assert.deepEqual([connection, parent.process.handsDescriptorsOver], [null, false], JSON.stringify(other));
    }
  });
});
