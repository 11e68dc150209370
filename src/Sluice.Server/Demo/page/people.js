import { nameOf } from './message.js';

/**
 * Who is in the room. The list asked for and the joins and leaves cross on the way, so what was heard since the
 * question is laid over the answer. One person with two pages open is two clients of one name, and one line.
 */
export class People {
  #clients = new Map();
  #heard = new Map();

  /** Call when the list is asked for. */
  ask() {
    this.#heard.clear();
  }

  answer(clients) {
    this.#clients = new Map(Object.entries(clients));
    for (const [client, info] of this.#heard) {
      this.#apply(client, info);
    }
  }

  join(info) {
    this.#hear(info.client, info);
  }

  leave(info) {
    this.#hear(info.client, null);
  }

  /** `[{name, count, you}]`, you first, the others by name. */
  list(ownClient) {
    const byName = new Map();
    for (const [client, info] of this.#clients) {
      const name = nameOf(info);
      const person = byName.get(name) ?? { name, count: 0, you: false };
      person.count++;
      person.you ||= client === ownClient;
      byName.set(name, person);
    }
    return [...byName.values()].sort((a, b) => b.you - a.you || a.name.localeCompare(b.name));
  }

  #hear(client, info) {
    this.#heard.set(client, info);
    this.#apply(client, info);
  }

  #apply(client, info) {
    if (info === null) {
      this.#clients.delete(client);
    } else {
      this.#clients.set(client, info);
    }
  }
}
