// SPDX-License-Identifier: AGPL-3.0-or-later
// The peer of bench/sockets: npm's ws as its own documentation shows it, no compression, one broadcast for each POST. A
// client that asks for ?since=0 gets what was posted before, as Larder's does. `node --expose-gc sockets_ws.js WS`, where WS
// is the package's folder; it prints its port. POST /gc collects garbage, so that memory is measured at its best.
"use strict";
const http = require("http");
const path = require("path");
const { WebSocketServer, WebSocket } = require(path.resolve(process.argv[2]));

const past = [];
const server = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    if (request.url === "/gc") {
      global.gc();
    } else {
      const event = Buffer.concat(parts);
      past.push(event);
      for (const client of sockets.clients) {
        if (client.readyState === WebSocket.OPEN) {
          client.send(event, { binary: false });
        }
      }
    }
    response.writeHead(200, { "Content-Length": "2" });
    response.end("{}");
  });
});
server.keepAliveTimeout = 60000;
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (client, request) => {
  client.on("error", () => {});
  if (request.url.endsWith("?since=0")) {
    for (const event of past) {
      client.send(event, { binary: false });
    }
  }
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 1024 }, () => console.log(server.address().port));
