// A node cluster of two workers that write an audit line into a named pipe for each request that asks for it.
// usage: server.js PORT
"use strict";
const cluster = require("node:cluster");
const fs = require("node:fs");
const http = require("node:http");

const WORKERS = 2;
const AUDIT = `${process.env.HOME}/audit`;

function say(target) {
  const line = { pid: process.pid, tid: process.pid, since: Date.now() / 1000, kind: "pipe", target, shown: true };
  fs.appendFileSync(`${process.env.HOME}/said`, `${JSON.stringify(line)}\n`);
}

function handle(request, response) {
  if (request.url === "/audit") {
    say(AUDIT);
    fs.closeSync(fs.openSync(AUDIT, "w"));
  }
  response.end("ok\n");
}

if (cluster.isPrimary) for (let worker = 0; worker < WORKERS; worker++) cluster.fork();
else http.createServer(handle).listen(Number(process.argv[2]), "127.0.0.1");
