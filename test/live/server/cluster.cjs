// A node cluster: a named pipe that nobody reads, a ladder of short waits, a computation. The query is the port of a service that counts.
// usage: cluster.cjs PORT WORKERS PIPE
"use strict";
const cluster = require("node:cluster");
const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");

const [port, workers, pipe] = process.argv.slice(2);
const cell = new Int32Array(new SharedArrayBuffer(4));

function handle({ url }, response) {
  const { pathname, search } = new URL(url, "http://live");
  const end = Date.now() + 20_000;
  if (pathname === "/upstream") {
    net.connect(Number(search.slice(1)), "127.0.0.1", () => {
      fs.openSync(pipe, "w");
      response.end("ok\n");
    });
    return;
  }
  while (pathname === "/ladder" && Date.now() < end) Atomics.wait(cell, 0, 0, 10);
  while (pathname === "/compute" && Date.now() < end);
  response.end("ok\n");
}

if (cluster.isPrimary) for (let worker = 0; worker < Number(workers); worker++) cluster.fork();
else http.createServer(handle).listen(Number(port), "127.0.0.1");
