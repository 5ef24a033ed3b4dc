import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { foundConnection } from '../../src/model/machine/accepted-by.ts';
import type { Request } from '../../src/model/machine/connections.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import type { Process } from '../../src/model/machine/process.ts';
import { longestWaitOf, Peer, type PeerWait } from '../../src/model/topics/dependencies/peer.ts';
import { PeerTable } from '../../src/model/topics/dependencies/peer-table.ts';
import { leadsToService } from '../../src/model/topics/dependencies/upstream.ts';
import { MILLISECOND } from '../../src/trace/time.ts';
import { threadOf } from '../support/model-objects.ts';

function requestOf(line: string): Request {
  const { request } = foundConnection(new Descriptor('connection', '', true), 11, threadOf(101), 0, 1);
  request.line = line;
  return request;
}

const { process: WAITING } = threadOf(101);

/** A wait of so many milliseconds, which ended at `ms`. */
function wait(ms: number, length: number, parts: Partial<PeerWait> = {}): PeerWait {
  const times = { length: length * MILLISECOND, start: (ms - length) * MILLISECOND, end: ms * MILLISECOND };
  return { process: WAITING, request: null, isOpen: false, isMainWork: false, query: '', ...times, ...parts };
}

const line = (number: number) => () => [{ file: 'trace', line: number, text: '' }];
const peerOf = (): Peer => new Peer('10.0.0.7:3306', true, 'MySQL');
const inMs = (...times: readonly number[]): number[] => times.map((time) => time / MILLISECOND);

describe('the waits for a service', () => {
  it('are those of requests, of main work, and others, each with their own sum', () => {
    const [peer, request] = [peerOf(), requestOf('GET /a')];
    peer.add(wait(100, 30, { request }), line(1));
    peer.add(wait(200, 50, { isMainWork: true }), line(2));
    peer.add(wait(300, 70, { isOpen: true }), line(3));
    assert.deepEqual(inMs(peer.all.total, peer.ofRequests.total, peer.ofMainWork.total), [150, 30, 50]);
    assert.deepEqual([peer.all.timed, peer.ofRequests.timed, peer.ofMainWork.timed, peer.openAtEnd], [3, 1, 1, 1]);
    assert.deepEqual(inMs(peer.first, peer.last), [70, 300]);
    assert.deepEqual(inMs([...peer.processes.values()][0]?.mainWork ?? 0), [50]);
  });

  it('have a longest one, and a longest one that somebody was kept waiting by', () => {
    const [peer, request] = [peerOf(), requestOf('GET /a')];
    peer.add(wait(100, 30, { request, query: 'SELECT 1' }), line(1));
    peer.add(wait(200, 30, { request, query: 'SELECT 2' }), line(2));
    peer.add(wait(300, 70, { isOpen: true }), line(3));
    peer.add(wait(400, 20, { isMainWork: true }), line(4));
    const of = (longest: Peer['longest']) => [
      longest?.query,
      longest?.request,
      longest?.isOpen,
      longest?.lines[0]?.line,
    ];
    assert.deepEqual(of(peer.longest), ['', '', true, 3]);
    assert.deepEqual(of(peer.longestServing), ['SELECT 1', 'GET /a', false, 1]);
    peer.add(wait(500, 31, { isMainWork: true }), line(5));
    assert.deepEqual(of(peer.longestServing), ['', '', false, 5]);
  });

  it('of one request are one time, and the request is told whom it waited for longest', () => {
    const [peer, other, request] = [peerOf(), new Peer('10.0.0.8:6379', true, 'Redis'), requestOf('GET /a')];
    assert.equal(longestWaitOf(request), null);
    for (const at of [100, 200]) peer.add(wait(at, 30, { request }), line(1));
    other.add(wait(300, 50, { request }), line(2));
    peer.add(wait(400, 20, { request: requestOf('GET /b') }), line(3));
    assert.deepEqual([peer.requests, other.requests], [2, 1]);
    assert.deepEqual(inMs(peer.longestOfRequest, other.longestOfRequest), [60, 50]);
    assert.deepEqual(longestWaitOf(request), { peer: '10.0.0.7:3306', total: 60 * MILLISECOND });
  });

  it('of a request are kept for 16 services', () => {
    const request = requestOf('GET /a');
    const peers = Array.from({ length: 17 }, (_, index) => new Peer(`10.0.0.${index}:80`, true, 'HTTP'));
    for (const [index, peer] of peers.entries()) peer.add(wait(100, index + 1, { request }), line(1));
    assert.deepEqual(
      peers.map(({ requests }) => requests),
      peers.map(() => 1),
    );
    assert.equal(longestWaitOf(request)?.peer, '10.0.0.15:80');
  });

  it('may turn out later to be those of a request', () => {
    const [peer, request] = [peerOf(), requestOf('GET /a')];
    const found = { length: 40 * MILLISECOND, query: 'SELECT 1', lines: line(7)() };
    peer.wasFor(request, found);
    peer.wasFor(requestOf('GET /b'), { ...found, query: 'SELECT 2' });
    assert.deepEqual([peer.linked, peer.requests, peer.longestServing?.query], [2, 2, 'SELECT 1']);
    peer.wasFor(request, { ...found, length: 41 * MILLISECOND, query: 'SELECT 3' });
    assert.deepEqual([peer.longestServing?.query, peer.longestServing?.isOpen], ['SELECT 3', false]);
    assert.deepEqual(inMs(peer.ofRequests.total, peer.longestOfRequest), [121, 81]);
  });

  it('that failed are counted, and belong to the time of the others', () => {
    const peer = peerOf();
    const { process } = threadOf(103);
    peer.failed(process, 50 * MILLISECOND);
    peer.add(wait(40, 10), line(1));
    peer.failed(process, 90 * MILLISECOND);
    assert.deepEqual([peer.failures, ...inMs(peer.first, peer.last)], [2, 30, 90]);
    assert.deepEqual(
      [...peer.processes.keys()].map(({ pid }) => pid),
      [103, 101],
    );
  });

  it('are told apart for 64 processes', () => {
    const peer = peerOf();
    const processes = Array.from({ length: 65 }, (_, index): Process => threadOf(1_001 + index).process);
    for (const process of processes) peer.add(wait(100, 10, { process, isMainWork: true }), line(1));
    assert.deepEqual([peer.processes.size, peer.ofMainWork.timed], [64, 65]);
  });
});

describe('the services of a capture', () => {
  it('are told in the order of the time that was waited for them, then of their failures', () => {
    const table = new PeerTable();
    const of = (port: number) => table.of(`10.0.0.7:${port}`, true);
    of(1).failed(threadOf(101).process, 1);
    for (let time = 0; time < 2; time++) of(2).failed(threadOf(101).process, 1);
    of(3).add(wait(100, 10), line(1));
    of(4).add(wait(100, 20), line(1));
    of(5);
    assert.deepEqual(
      table.all().map(({ name }) => name.split(':')[1]),
      ['4', '3', '2', '1'],
    );
    assert.equal(of(3306).protocol, of(3306).protocol);
    assert.match(of(3306).protocol, /MySQL/);
  });

  it('are 200; waits for further ones are counted together, and their names', () => {
    const table = new PeerTable();
    const of = (index: number) => table.of(`10.0.${index}.7:80`, true);
    for (let index = 0; index < 199; index++) of(index).add(wait(100, 10), line(1));
    assert.equal(of(199).name, '10.0.199.7:80');
    assert.equal(table.further, 0);
    assert.deepEqual([of(200).name, of(201) === of(200), of(7).name], ['', true, '10.0.7.7:80']);
    of(200).add(wait(100, 999), line(1));
    assert.deepEqual([table.further, table.all().length], [2, 199]);
  });
});

describe('a socket of which the capture shows no connect', () => {
  const leads = (peer: string, local: string, parts: Partial<Descriptor> = {}): boolean =>
    leadsToService(Object.assign(new Descriptor('socket', '', false), { peer, local }, parts));

  it('leads to a service where the other end has a port that services have, and its own is higher', () => {
    assert.equal(leads('10.0.0.7:3306', '10.0.0.1:40000'), true);
    assert.equal(leads('10.0.0.7:32767', '10.0.0.1:32768'), true);
    assert.equal(leads('10.0.0.7:3306', '10.0.0.1:3306'), true);
    assert.equal(leads('10.0.0.7:32768', '10.0.0.1:40000'), false);
    assert.equal(leads('10.0.0.7:3306', '10.0.0.1:80'), false);
    assert.equal(leads('10.0.0.7:3306', ''), true);
    assert.equal(leads('', '10.0.0.1:40000'), false);
  });

  it('leads to none where it is that of a client, was opened here, or is no socket', () => {
    const [peer, local] = ['10.0.0.7:3306', '10.0.0.1:40000'];
    assert.equal(leads(peer, local, { kind: 'datagram' }), true);
    assert.equal(leads(peer, local, { kind: 'file' }), false);
    assert.equal(leads(peer, local, { seenOpening: true }), false);
    assert.equal(leads(peer, local, { connection: requestOf('').connection }), false);
  });
});
