import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { Inbox, within } from '../waiting.mjs';

/**
 * The native wire with nothing in between: commands out as they are written here, messages in as the server wrote
 * them, sorted into replies, pings and each kind of push. It checks of every message what a server owes each client:
 * no empty line, one JSON object a line.
 */
export class WireClient {
  #socket;
  #answersPings;
  #inboxes = new Map();
  /** Every message but pings, as it came. */
  log = [];
  closed;

  static async open(url, { answersPings = true } = {}) {
    const socket = new WebSocket(url);
    const client = new WireClient(socket, answersPings);
    await within(new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
    }), 'open connection');
    return client;
  }

  static async connected(url, options) {
    const client = await WireClient.open(url, options);
    const { connect } = await client.ask({ id: 1, connect: {} });
    assert.ok(connect, 'the connect command is answered with its result');
    return client;
  }

  constructor(socket, answersPings) {
    this.#socket = socket;
    this.#answersPings = answersPings;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    socket.on('message', (data) => this.#received(data.toString()));
  }

  /** Sends the commands in one frame. */
  send(...commands) {
    this.sendText(commands.map((command) => JSON.stringify(command)).join('\n'));
  }

  sendText(text) {
    this.#socket.send(text);
  }

  /** Sends one command and answers its reply. */
  async ask(command) {
    this.send(command);
    const reply = await this.reply();
    assert.equal(reply.id, command.id, 'replies come in the order of their commands');
    return reply;
  }

  reply() {
    return this.#inbox('reply').take('reply');
  }

  replies(count) {
    return this.#inbox('reply').takeMany(count, 'reply');
  }

  ping() {
    return this.#inbox('ping').take('ping');
  }

  /** The next push of a kind (`pub`, `join`, `leave`, ...), with its channel. */
  push(kind) {
    return this.#inbox(kind).take(`${kind} push`);
  }

  /** The pushes of a kind that are there and were not taken. */
  untaken(kind) {
    return this.#inbox(kind).drain();
  }

  /** Asserts that the server closes with this code, in a close frame that says why. */
  async isClosedWith(code) {
    const close = await within(this.closed, `close ${code}`);
    assert.equal(close.code, code, `closed ${close.code} "${close.reason}", not ${code}`);
    assert.notEqual(close.reason, '', 'a close says why: without a reason the JavaScript client reconnects for ever');
    assert.throws(() => JSON.parse(close.reason), 'a reason that is JSON is taken for an instruction by that client');
  }

  /** Stops reading, so that the server's socket fills. */
  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  close() {
    this.#socket.close();
  }

  terminate() {
    this.#socket.terminate();
  }

  #received(text) {
    for (const line of text.split('\n')) {
      const message = JSON.parse(line);
      const kind = kindOf(message);
      if (kind === 'ping' && this.#answersPings) {
        this.send({});
        continue;
      }
      if (kind !== 'ping') {
        this.log.push(message);
      }
      this.#inbox(kind).put(message.push ?? message);
    }
  }

  #inbox(kind) {
    if (!this.#inboxes.has(kind)) {
      this.#inboxes.set(kind, new Inbox());
    }
    return this.#inboxes.get(kind);
  }
}

function kindOf(message) {
  if (message.push) {
    return Object.keys(message.push).find((name) => name !== 'channel');
  }
  return Object.keys(message).length === 0 ? 'ping' : 'reply';
}
