// Echoes at /echo; sends what /control asks for to everybody at /feed, by publish. With uWebSockets' defaults as Bun has them.
//   bun server.js [--deflate] [--data DIRECTORY]
import { readFileSync } from "node:fs";

const deflate = process.argv.includes("--deflate");
const data = process.argv.includes("--data") ? process.argv[process.argv.indexOf("--data") + 1] : null;
const small = "x".repeat(100);
const feeds = new Map(); // by name: its lines, and which is next

function next(name) {
  if (name === undefined) return small;
  if (!feeds.has(name)) feeds.set(name, { lines: readFileSync(`${data}/${name}.jsonl`, "utf8").trimEnd().split("\n"), at: 0 });
  const feed = feeds.get(name);
  return feed.lines[feed.at++ % feed.lines.length];
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, server) =>
    server.upgrade(request, { data: new URL(request.url).pathname }) ? undefined : new Response("a WebSocket is served here", { status: 426 }),
  websocket: {
    perMessageDeflate: deflate,
    idleTimeout: 0, // an idle connection is what is measured
    backpressureLimit: 64 << 20, // beyond its default a message is dropped, and the largest here is 1 MB
    open(socket) {
      if (socket.data === "/feed") socket.subscribe("feed");
    },
    message(socket, message) {
      if (socket.data !== "/control") return void socket.send(message, deflate);
      const [command, name] = message.split(" ");
      if (command === "stats") socket.send('{"compressions":0}');
      else socket.publish("feed", next(name), deflate);
    },
  },
});
console.log(`listening on http://127.0.0.1:${server.port}`);
