// Node's `ws` as a server, without and with permessage-deflate. What it does is in the path:
//   /echo       every message, as it came        /fragments  every message, in three fragments
//   /close      closes with 4001 "enough" after the first message
//   /push?N     sends N bytes of a known pattern, as binary
// Of the subprotocols offered it takes the last.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

function serve(perMessageDeflate) {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 64 << 20,
    perMessageDeflate,
    handleProtocols: (offered) => [...offered].pop() ?? false,
  });
  const server = createServer((_, response) => response.writeHead(426).end());
  server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, (webSocket) => {
    const [path, query] = request.url.split('?');
    webSocket.on('error', () => {});
    webSocket.on('message', (data, isBinary) => react(webSocket, path, data, isBinary));
    if (path === '/push') {
      webSocket.send(pattern(Number(query)), { binary: true });
    }
  }));
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

function react(webSocket, path, data, binary) {
  switch (path) {
    case '/echo': return webSocket.send(data, { binary });
    case '/close': return webSocket.close(4001, 'enough');
    case '/fragments': {
      const third = Math.ceil(data.length / 3);
      webSocket.send(data.subarray(0, third), { binary, fin: false });
      webSocket.send(data.subarray(third, 2 * third), { binary, fin: false });
      return webSocket.send(data.subarray(2 * third), { binary, fin: true });
    }
  }
}

function pattern(length) {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) {
    bytes[i] = (i * 31 + (i >> 8)) & 0xff;
  }
  return bytes;
}

const plain = await serve(false);
const deflating = await serve({ threshold: 0 });
console.log(`listening ${plain} ${deflating}`);
