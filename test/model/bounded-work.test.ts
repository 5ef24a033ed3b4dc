import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FactBus } from '../../src/model/fact-bus.ts';
import { acceptorsOf, acceptorsOfEach } from '../../src/model/machine/acceptors.ts';
import type { Request } from '../../src/model/machine/connections.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import { EpollSet } from '../../src/model/machine/epoll-set.ts';
import { Listener } from '../../src/model/machine/listener.ts';
import { OpenDescriptors } from '../../src/model/machine/open-descriptors.ts';
import { Process } from '../../src/model/machine/process.ts';
import { Processes } from '../../src/model/machine/processes.ts';
import { RequestsInProgress } from '../../src/model/machine/requests-in-progress.ts';
import { rolesOf } from '../../src/model/machine/roles.ts';
import { Thread } from '../../src/model/machine/thread.ts';
import { Turn } from '../../src/model/machine/turn.ts';
import { DescriptorCensus } from '../../src/model/topics/leaks/descriptor-census.ts';
import type { TrackerContext } from '../../src/model/tracker.ts';
import { SECOND } from '../../src/trace/time.ts';

const MANY = 1_009;
const OPEN = new OpenDescriptors(() => []);

function threadOf(tid: number): Thread {
  const lane = { index: tid, tid, comm: '', lastLine: null, pending: null };
  return new Thread(lane, new Process(lane, OPEN));
}

/** Calls `seen` each time somebody goes through the set. */
function watched<Value>(set: Iterable<Value>, seen: () => void): void {
  const all = set[Symbol.iterator].bind(set);
  const go = (): Iterator<Value> => {
    seen();
    return all();
  };
  Object.assign(set, { [Symbol.iterator]: go, has: (value: Value) => [...set].includes(value) });
}

/** Waits on the listener and accepts nothing: what it is its siblings tell. */
function acceptor(tid: number, listener: Listener, role: 'blocking' | 'undecided'): Thread {
  const thread = threadOf(tid);
  thread.accepts.listeners.add(listener);
  if (role === 'blocking') thread.loop.acceptBlocked = SECOND;
  return thread;
}

describe('a thread beside the main thread', () => {
  it('is of a pool when it waits for a futex at least as long as for all else together', () => {
    const main = threadOf(101);
    const roleOf = (futexBlocked: number, blockedElsewhere: number, idle: number) => {
      const thread = threadOf(140);
      thread.process = main.process;
      Object.assign(thread.loop, { futexBlocked, blockedElsewhere, idle });
      return rolesOf([main, thread]).get(thread);
    };
    assert.deepEqual(
      [roleOf(3, 4, 2), roleOf(3, 5, 2), roleOf(3, 4, 3), roleOf(0, 0, 0)],
      ['pool-thread', 'library-thread', 'library-thread', 'pool-thread'],
    );
  });
});

describe('the roles of many threads', () => {
  it('are found by looking at the listeners of each thread a few times', () => {
    const shared = new Listener(0, '127.0.0.1:8000', 'same-socket');
    const threads = Array.from({ length: MANY }, (_, index) => acceptor(101 + index, shared, 'undecided'));
    threads.push(acceptor(7, new Listener(1, '127.0.0.1:8001', 'same-socket'), 'blocking'));
    let looks = 0;
    for (const { accepts } of threads) watched(accepts.listeners, () => looks++);
    const roles = rolesOf(threads);
    assert.equal(roles.get(threads[0] as Thread), 'unknown');
    assert.ok(looks <= 3 * threads.length, `${looks} looks at ${threads.length} threads`);
  });

  it('are those of the first sibling also when it is known by the parent, and a later one by the listener', () => {
    const [own, other] = [new Listener(0, 'a', 'same-socket'), new Listener(1, 'b', 'same-socket')];
    const master = threadOf(97).process;
    const ofParent = acceptor(101, other, 'blocking');
    const atListener = acceptor(102, own, 'undecided');
    atListener.accepts.handedOver = 1;
    const asking = acceptor(103, own, 'undecided');
    for (const thread of [ofParent, asking]) thread.process.parent = master;
    assert.equal(rolesOf([ofParent, atListener, asking]).get(asking), 'blocking-acceptor');
    assert.equal(rolesOf([atListener, ofParent, asking]).get(asking), 'acceptor');
  });

  it('are those of the first sibling of another process: at the same listener, or of the same parent', () => {
    const [first, second] = [new Listener(0, 'a', 'same-socket'), new Listener(1, 'b', 'same-socket')];
    const master = threadOf(97).process;
    const blocking = acceptor(101, first, 'blocking');
    blocking.process.parent = master;
    const atListener = acceptor(102, first, 'undecided');
    const ofParent = acceptor(103, second, 'undecided');
    ofParent.process.parent = master;
    const stranger = acceptor(104, new Listener(2, 'c', 'same-socket'), 'undecided');
    const ofSameProcess = acceptor(105, new Listener(3, 'd', 'same-socket'), 'undecided');
    ofSameProcess.process = blocking.process;
    const roles = rolesOf([ofSameProcess, stranger, blocking, atListener, ofParent]);
    assert.deepEqual(
      [blocking, atListener, ofParent, stranger].map((thread) => roles.get(thread)),
      ['blocking-acceptor', 'blocking-acceptor', 'blocking-acceptor', 'unknown'],
    );
  });
});

describe('a process', () => {
  it('keeps 256 numbers of threads, and 8 addresses of helpers', () => {
    const { process } = threadOf(101);
    for (let tid = 101; tid < 101 + 257; tid++) process.noteTid(tid);
    assert.deepEqual([process.tids.length, process.tids.at(-1)], [256, 356]);
    for (let port = 8001; port < 8001 + 9; port++) process.noteHelperPeer(`10.0.0.7:${port}`);
    assert.deepEqual([process.helperPeers.length, process.helperPeers.at(-1)], [8, '10.0.0.7:8008']);
  });
});

describe('the acceptors of many listeners', () => {
  it('are found by looking at each thread once', () => {
    const threads = Array.from({ length: MANY }, (_, index) =>
      acceptor(101 + index, new Listener(index, `socket ${index}`, 'same-socket'), 'undecided'),
    );
    threads[17]?.accepts.listeners.add([...(threads[3] as Thread).accepts.listeners][0] as Listener);
    const listeners = threads.flatMap(({ accepts }) => [...accepts.listeners]);
    const slowly = listeners.map((listener) => acceptorsOf(listener, threads));
    let looks = 0;
    for (const { accepts } of threads) watched(accepts.listeners, () => looks++);
    const each = acceptorsOfEach(threads);
    assert.deepEqual(
      listeners.map((listener) => each.get(listener)),
      slowly,
    );
    assert.ok(looks <= threads.length, `${looks} looks at ${threads.length} threads`);
  });
});

describe('an epoll set of many descriptors', () => {
  it('knows a descriptor by user data that is no descriptor number without going through all', () => {
    const set = new EpollSet();
    let looks = 0;
    const member = (u32: number) => ({
      get u32() {
        looks++;
        return u32;
      },
      exclusive: false,
    });
    for (let fd = 9; fd < 9 + MANY; fd++) set.register(fd, member(1_000_003 + fd));
    looks = 0;
    for (let fd = 9; fd < 9 + MANY; fd++) assert.equal(set.descriptorOf(1_000_003 + fd), fd);
    assert.ok(looks <= 2 * MANY, `${looks} looks for ${MANY} descriptors`);
  });

  it('knows the last descriptor that was registered with user data, whatever the number before does then', () => {
    const set = new EpollSet();
    set.register(9, { u32: 1_009, exclusive: false });
    set.register(11, { u32: 1_009, exclusive: false });
    assert.equal(set.descriptorOf(1_009), 11);
    set.register(9, { u32: 1_013, exclusive: false });
    assert.deepEqual([set.descriptorOf(1_009), set.descriptorOf(1_013)], [11, 9]);
  });

  it('follows what is registered anew or taken out', () => {
    const set = new EpollSet();
    set.register(9, { u32: 1_009, exclusive: false });
    set.register(9, { u32: 1_013, exclusive: false });
    set.register(11, { u32: 11, exclusive: false });
    set.register(13, { u32: 1_019, exclusive: false });
    set.unregister(13);
    assert.deepEqual(
      [1_009, 1_013, 11, 1_019].map((u32) => set.descriptorOf(u32)),
      [1_009, 9, 11, 1_019],
    );
  });
});

describe('a long turn', () => {
  /**
   * Requests on descriptors from 11 on that a process has read; `looked` counts how often somebody asks whether one is
   * in progress.
   */
  function reading(count: number, looked: () => void) {
    const thread = threadOf(101);
    const inProgress = new RequestsInProgress();
    const requests = Array.from({ length: count }, (_, index) => {
      const descriptor = new Descriptor('connection', '', true);
      const connection = { fd: 11 + index, descriptor };
      const request = { connection, startedAt: index, name: `GET /${index}`, over: false };
      Object.defineProperty(request, 'inProgress', {
        get() {
          looked();
          return !request.over;
        },
      });
      Object.assign(descriptor, { connection });
      thread.process.descriptors.set(11 + index, descriptor);
      inProgress.add(request as unknown as Request, thread.process);
      return request as unknown as Request & { over: boolean };
    });
    const waiting = (at: number, owner: Request | null = null): Turn => {
      const turn = new Turn(0);
      turn.owner = owner;
      inProgress.noteWaiting(turn, at, thread.process);
      return turn;
    };
    return { requests, waiting, inProgress, thread };
  }

  it('kept those waiting whose requests were read before its end and are in progress, but not its own', () => {
    const { requests, waiting, inProgress, thread } = reading(7, () => undefined);
    const [first, second, third, fourth] = requests as [Request, Request, Request & { over: boolean }, Request];
    inProgress.done(second);
    third.over = true;
    thread.process.descriptors.delete(fourth.connection.fd);
    assert.deepEqual(waiting(6, first).waiting, ['GET /4', 'GET /5']);
    assert.equal(waiting(7).waitingCount, 4);
  });

  it('looks at a few of very many requests, and counts the rest', () => {
    let looks = 0;
    const many = 20_011;
    const { waiting } = reading(many, () => looks++);
    looks = 0;
    const { waitingCount, waiting: names } = waiting(many);
    assert.deepEqual([waitingCount, names.length], [many, 8]);
    assert.ok(looks < 100, `${looks} looks at ${many} requests`);
  });
});

describe('processes that turn out to be threads', () => {
  it('are moved a few times at most, whatever a chain of them says', () => {
    const processes = new Processes();
    let moves = 0;
    const threads = Array.from({ length: MANY }, (_, index) => {
      const lane = { index, tid: 101 + index, comm: '', lastLine: null, pending: null };
      return processes.at(lane, 0);
    });
    for (const thread of threads) {
      let { process } = thread;
      Object.defineProperty(thread, 'process', {
        get: () => process,
        set(next: Process) {
          moves++;
          process = next;
        },
      });
    }
    for (const thread of threads) processes.memberships.pidNamed(thread, thread.tid + 1);
    assert.ok(moves > MANY / 2 && moves <= 8 * MANY, `${moves} moves of ${MANY} threads`);
  });

  it('belong to the process that the last of a short chain names', () => {
    const processes = new Processes();
    const threads = [101, 102, 103, 104].map((tid, index) =>
      processes.at({ index, tid, comm: '', lastLine: null, pending: null }, 0),
    );
    for (const thread of threads.slice(0, 3)) processes.memberships.pidNamed(thread, thread.tid + 1);
    assert.deepEqual(
      threads.map(({ process }) => process.pid),
      [104, 104, 104, 104],
    );
  });
});

const CONTEXT: TrackerContext = { facts: new FactBus(), inWindow: () => true, longTurn: SECOND, clientTimeout: SECOND };

describe('the count of descriptors', () => {
  it('looks at very many processes no more often than the trace has calls for it, also in a trace of days', () => {
    const processes = Array.from({ length: 16_381 }, (_, index) => threadOf(101 + index).process);
    const census = new DescriptorCensus(CONTEXT);
    let looks = 0;
    const calls = 1_009;
    for (let hour = 1; hour <= calls; hour++) {
      census.due(hour * 3_600 * SECOND, () => {
        looks += processes.length;
        return processes;
      });
    }
    assert.ok(looks > 0 && looks <= 65 * calls + processes.length, `${looks} looks for ${calls} calls`);
  });

  it('takes every turn where processes are few', () => {
    const processes = Array.from({ length: 61 }, (_, index) => threadOf(101 + index).process);
    const census = new DescriptorCensus(CONTEXT);
    let turns = 0;
    for (let second = 1; second <= 7; second++) {
      census.due(second * SECOND, () => {
        turns++;
        return processes;
      });
    }
    assert.equal(turns, 7);
  });
});
