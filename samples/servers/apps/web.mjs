// The same small application for node. usage: node web.mjs PORT single|cluster|tls|workers
import cluster from 'node:cluster';
import { pbkdf2 } from 'node:crypto';
import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const [port, how] = process.argv.slice(2);
// A pool of two connections: further questions wait for one of them, without a system call.
const pool = new http.Agent({ keepAlive: true, maxSockets: 2 });

// Two worker threads, which do one job at a time; the main thread keeps those that wait.
const idle = [];
const waiting = [];

function handOut() {
  while (idle.length > 0 && waiting.length > 0) {
    const worker = idle.pop();
    worker.done = waiting.shift();
    worker.postMessage('job');
  }
}

function startWorker() {
  const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
  worker.on('message', () => {
    worker.done();
    idle.push(worker);
    handOut();
  });
  idle.push(worker);
}

function answer(request, response) {
  const reply = (status = 200) => response.writeHead(status, { 'Content-Length': 6 }).end('hello\n');
  switch (request.url) {
    case '/up':
      http.get('http://127.0.0.1:18081/wait/1500', (upstream) => upstream.resume().on('end', () => reply()));
      break;
    case '/queued':
      http.get('http://127.0.0.1:18081/wait/400', { agent: pool }, (upstream) =>
        upstream.resume().on('end', () => reply()),
      );
      break;
    case '/name':
      // getaddrinfo on a thread of libuv's pool.
      dns.lookup(`host-${Date.now()}.sample.example`, (error) => reply(error === null ? 200 : 502));
      break;
    case '/pool':
      pbkdf2('secret', 'salt', 20000, 64, 'sha512', () => reply());
      break;
    case '/worker':
      waiting.push(() => reply());
      handOut();
      break;
    case '/regex':
      /^(a+)+$/.test(`${'a'.repeat(27)}b`);
      reply();
      break;
    case '/upload':
      request.resume().on('end', () => reply());
      break;
    default:
      reply();
  }
}

if (!isMainThread)
  parentPort.on('message', () => {
    // As a library does that waits for its device: the thread can do nothing else meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
    parentPort.postMessage('done');
  });
else if (how === 'cluster' && cluster.isPrimary) for (let count = 0; count < 2; count++) cluster.fork();
else if (how === 'tls') {
  const pair = { key: readFileSync('key.pem'), cert: readFileSync('cert.pem') };
  https.createServer(pair, answer).listen(port, '127.0.0.1');
} else {
  if (how === 'workers') for (let count = 0; count < 2; count++) startWorker();
  http.createServer(answer).listen(port, '127.0.0.1');
}
