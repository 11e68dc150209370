import { byId } from './dom.js';

const DISCONNECT_CALLED = 0;

/** The line beside the room's name: whether what is on the screen is current, and since when it is not. */
export class ConnectionView {
  #client;
  #lostAt = null;
  #wasLive = false;
  #stopped = '';

  constructor(client) {
    this.#client = client;
    client.on('connecting', () => {
      this.#lostAt ??= Date.now();
      this.#show();
    });
    client.on('connected', () => {
      this.#lostAt = null;
      this.#wasLive = true;
      this.#show();
    });
    client.on('disconnected', ({ code, reason }) => {
      this.#stopped = code === DISCONNECT_CALLED ? 'Away' : `Closed by the server: ${reason}`;
      this.#show();
    });
    byId('reconnect').addEventListener('click', () => client.connect());
    setInterval(() => this.#show(), 1_000);
  }

  #show() {
    const { state } = this.#client;
    byId('connection').dataset.state = state;
    byId('reconnect').hidden = state !== 'disconnected';
    byId('connection-time').textContent = this.#timeLost();
    const connecting = this.#wasLive ? 'Reconnecting…' : 'Connecting…';
    const text = { connected: 'Live', connecting, disconnected: this.#stopped }[state];
    // A status line is read aloud whenever it is written, so it is written only when it has changed.
    if (byId('connection-text').textContent !== text) {
      byId('connection-text').textContent = text;
    }
  }

  #timeLost() {
    const seconds = this.#client.state === 'connecting' ? Math.round((Date.now() - this.#lostAt) / 1_000) : 0;
    return seconds > 1 ? `${seconds} s` : '';
  }
}
