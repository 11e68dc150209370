import { createServer, connect } from 'node:net';

/**
 * A wire that can be cut: passes bytes between its own port and the server's. `cut()` resets every connection on
 * both sides and refuses new ones until `mend()`.
 */
export async function startProxy(serverPort) {
  const sockets = new Set();
  let isCut = false;
  const proxy = createServer((near) => {
    if (isCut) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(serverPort, '127.0.0.1');
    for (const [socket, other] of [[near, far], [far, near]]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address();
  return {
    origin: `http://127.0.0.1:${port}`,
    wire: `ws://127.0.0.1:${port}/connection/websocket`,
    cut() {
      isCut = true;
      sockets.forEach((socket) => socket.resetAndDestroy());
    },
    mend() {
      isCut = false;
    },
    async close() {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
