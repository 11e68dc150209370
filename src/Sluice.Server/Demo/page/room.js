import { toMessage } from './message.js';
import { Outbox } from './outbox.js';
import { People } from './people.js';
import { Transcript } from './transcript.js';

const HistoryMax = 300;

/**
 * One open room: a subscription, and what follows from it.
 *
 * Every arrival, the first and each after a break, goes the same way: `subscribed`; one read of the history, whose
 * answer says up to which offset the room went; and when everything up to there is held, the breaks are settled and
 * the waiting letters leave. A recovered arrival reads no messages, only that offset: the missed ones come by
 * themselves, in the reply or behind it. An answer that a newer arrival has overtaken is dropped.
 *
 * The view is told: `inserted(index)`, `changed(item)`, `trimmed(count)`, `people()`, `letters()`, `busy(flag)`,
 * `trouble(text)`.
 */
export class Room {
  transcript = new Transcript();
  people = new People();
  outbox = new Outbox();
  #client;
  #view;
  #subscription;
  #arrival = 0;
  #historyRead = false;
  #until = null;
  #caughtUp = false;

  constructor(client, name, view) {
    this.name = name;
    this.channel = `chat:${name}`;
    this.#client = client;
    this.#view = view;
    this.#subscription = client.newSubscription(this.channel, { recoverable: true, joinLeave: true });
    this.#subscription
      .on('subscribing', () => this.#lost())
      .on('subscribed', (context) => this.#arrived(context))
      .on('publication', (publication) => this.#received(publication))
      .on('join', ({ info }) => this.#heard(() => this.people.join(info)))
      .on('leave', ({ info }) => this.#heard(() => this.people.leave(info)))
      .on('unsubscribed', ({ reason }) => view.trouble(`The server closed this room: ${reason}.`));
  }

  open() {
    this.#subscription.subscribe();
  }

  close() {
    this.#arrival++;
    this.#subscription.removeAllListeners();
    this.#client.removeSubscription(this.#subscription);
  }

  say(text) {
    this.#post(this.outbox.write(text));
  }

  sayAgain(letter) {
    this.#post(letter);
  }

  #lost() {
    this.#arrival++;
    this.#caughtUp = false;
    this.#until = null;
    // Before the history was read there is nothing that a break could interrupt.
    if (!this.#historyRead) {
      return;
    }
    const { mark, isNew } = this.transcript.breakOff(Date.now());
    if (isNew) {
      this.#view.inserted(this.transcript.items.length - 1);
    } else {
      this.#view.changed(mark);
    }
  }

  async #arrived({ recovered, streamPosition }) {
    const arrival = ++this.#arrival;
    this.#view.trouble('');
    this.transcript.follow(streamPosition?.epoch ?? '');
    this.#historyRead &&= recovered;
    this.#view.busy(true);
    try {
      await Promise.all([this.#askWhoIsHere(arrival), this.#readHistory(arrival)]);
    } catch (error) {
      if (arrival === this.#arrival) {
        this.#view.trouble(`The room could not be read: ${error.message}.`);
      }
    }
    if (arrival === this.#arrival) {
      this.#view.busy(false);
    }
  }

  async #askWhoIsHere(arrival) {
    this.people.ask();
    const { clients } = await this.#subscription.presence();
    if (arrival === this.#arrival) {
      this.#heard(() => this.people.answer(clients));
    }
  }

  async #readHistory(arrival) {
    const wanted = this.#historyRead ? { limit: 0 } : { limit: HistoryMax, reverse: true };
    const history = await this.#subscription.history(wanted);
    if (arrival !== this.#arrival) {
      return;
    }
    this.#historyRead = true;
    this.#until = history.offset;
    this.transcript.follow(history.epoch);
    for (const publication of history.publications.reverse()) {
      this.#insert(toMessage(publication));
    }
    // What a reload did not bring is gone; what a recovery did not bring yet is on its way.
    if (wanted.limit > 0) {
      this.transcript.reach(this.#until);
    }
    this.#settle();
  }

  #received(publication) {
    this.#insert(toMessage(publication, Date.now()));
    this.#settle();
  }

  #insert(message) {
    const index = this.transcript.add(message);
    if (this.outbox.seen(message.id)) {
      this.#view.letters();
    }
    if (index >= 0) {
      this.#view.inserted(index);
      this.#view.trimmed(this.transcript.trim());
    }
  }

  #settle() {
    if (this.#caughtUp || this.#until === null || this.transcript.tip < this.#until) {
      return;
    }
    this.#caughtUp = true;
    this.transcript.settle(this.#until).forEach((mark) => this.#view.changed(mark));
    this.outbox.waiting().forEach((letter) => this.#post(letter));
  }

  async #post(letter) {
    letter.state = this.#caughtUp ? 'sending' : 'waiting';
    this.#view.letters();
    if (!this.#caughtUp) {
      return;
    }
    try {
      await this.#subscription.publish({ id: letter.id, text: letter.text, at: Date.now() });
    } catch (error) {
      letter.state = this.#caughtUp ? 'refused' : 'waiting';
      letter.reason = error.message;
      this.#view.letters();
    }
  }

  #heard(change) {
    change();
    this.#view.people();
  }
}
