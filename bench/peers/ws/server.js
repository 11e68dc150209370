// Echoes every message.
//   node server.js [--deflate]
const { WebSocketServer } = require("ws");

const deflate = process.argv.includes("--deflate") ? { threshold: 0 } : false;
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: deflate, clientTracking: false });
server.on("connection", (socket) => socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary })));
server.on("listening", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
