// Echoes every message, with uWebSockets' defaults as Bun has them.
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, server) => (server.upgrade(request) ? undefined : new Response("a WebSocket is served here", { status: 426 })),
  websocket: {
    perMessageDeflate: false,
    idleTimeout: 0, // an idle connection is what is measured
    message: (socket, message) => void socket.send(message),
  },
});
console.log(`listening on http://127.0.0.1:${server.port}`);
