/**
 * What every client does: sends texts and bytes of many sizes, compares what comes back, and closes.
 * It runs in browsers too, so it refers to nothing outside itself.
 */
export async function converse(url, WebSocket = globalThis.WebSocket) {
  const json = JSON.stringify({ quotes: Array.from({ length: 40 }, (_, i) => ({ symbol: `S${i % 7}`, bid: 100 + i, ask: 101 + i })) });
  const bytes = (length) => Uint8Array.from({ length }, (_, i) => (i * 31) ^ (i >> 8));
  const messages = ['', 'a', 'é€😀', json, 'x'.repeat(125), 'x'.repeat(126), json.repeat(20),
    bytes(0), bytes(1), bytes(126), bytes(60_000), new Uint8Array(60_000), json];
  const same = (sent, received) => (typeof sent === 'string'
    ? sent === received
    : typeof received !== 'string' && sent.every((byte, i) => byte === new Uint8Array(received)[i]) && sent.length === received.byteLength);

  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  const echoed = [];
  const closed = new Promise((resolve) => { socket.onclose = (event) => resolve(event.code); });
  await new Promise((resolve, reject) => {
    socket.onerror = () => reject(new Error('the connection failed'));
    socket.onopen = () => messages.forEach((message) => socket.send(message));
    socket.onmessage = (event) => {
      echoed.push(event.data);
      if (echoed.length === messages.length) {
        resolve();
      }
    };
    closed.then((code) => reject(new Error(`closed with ${code} after ${echoed.length} messages`)));
  });
  const extensions = socket.extensions ?? '';
  socket.close(4001, 'bye');
  return { extensions, differing: messages.findIndex((message, i) => !same(message, echoed[i])), code: await closed };
}
