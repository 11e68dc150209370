// Bun's server, without and with permessage-deflate. The paths are those of peer.mjs, as far as Bun can do them.
function serve(perMessageDeflate) {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) => (server.upgrade(request, { data: request.url }) ? undefined : new Response("", { status: 426 })),
    websocket: {
      perMessageDeflate,
      maxPayloadLength: 64 << 20,
      backpressureLimit: 64 << 20,
      idleTimeout: 0,
      open(socket) {
        const url = new URL(socket.data);
        if (url.pathname === "/push") {
          socket.send(pattern(Number(url.search.slice(1))), perMessageDeflate);
        }
      },
      message(socket, message) {
        const { pathname } = new URL(socket.data);
        if (pathname === "/close") {
          socket.close(4001, "enough");
        } else {
          socket.send(message, perMessageDeflate);
        }
      },
    },
  });
}

function pattern(length) {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    bytes[i] = (i * 31 + (i >> 8)) & 0xff;
  }
  return bytes;
}

console.log(`listening ${serve(false).port} ${serve(true).port}`);
