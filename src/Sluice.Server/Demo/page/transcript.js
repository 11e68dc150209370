const ItemsMax = 2_000;

/**
 * What one room has on the screen, from the top down: messages in the order of their offsets, each once, and a
 * break wherever the connection was lost.
 *
 * Offsets are compared within a stretch only. When the server no longer knows our position it may count anew
 * (another epoch), so a new stretch begins, and what was read before stays above it.
 *
 * A break is `{kind: 'break', from, until, lostAt, outcome, count}`. It waits until it is settled; then its outcome
 * is `recovered` with how many messages came, or `missed` with how many did not, null if nobody can know. Offsets
 * have no holes, so this is found by counting and not by believing.
 */
export class Transcript {
  items = [];
  epoch = '';
  tip = 0;
  #stretch = 0;

  /** Puts a message in its place; answers its index, or -1 if it is there already. */
  add(message) {
    let index = this.items.length;
    while (index > this.#stretch && lastOffset(this.items[index - 1]) >= message.offset) {
      index--;
      if (this.items[index].kind === 'message' && this.items[index].offset === message.offset) {
        return -1;
      }
    }
    this.items.splice(index, 0, message);
    this.reach(message.offset);
    return index;
  }

  /** Says whose offsets follow. */
  follow(epoch) {
    if (epoch === '' || epoch === this.epoch) {
      return;
    }
    if (this.epoch !== '') {
      this.#stretch = this.items.length;
      this.tip = 0;
    }
    this.epoch = epoch;
  }

  /** The log goes up to here, whether or not it still has the messages. */
  reach(offset) {
    this.tip = Math.max(this.tip, offset);
  }

  /** Marks where the connection was lost; answers the break and whether it is a new one. */
  breakOff(lostAt) {
    const last = this.items.at(-1);
    if (last?.kind === 'break' && (last.outcome === 'waiting' || last.count === 0)) {
      last.outcome = 'waiting';
      return { mark: last, isNew: false };
    }
    const mark = { kind: 'break', from: this.tip, until: null, lostAt, outcome: 'waiting', count: null };
    this.items.push(mark);
    return { mark, isNew: true };
  }

  /** Everything up to `until` that can be had is here: answers the breaks that this settled. */
  settle(until) {
    const settled = [];
    let end = until;
    for (let index = this.items.length - 1; index >= 0; index--) {
      const mark = this.items[index];
      if (mark.kind === 'break' && mark.outcome === 'waiting') {
        this.#judge(mark, index < this.#stretch ? null : end);
        settled.push(mark);
      }
      end = mark.kind === 'break' ? mark.from : end;
    }
    return settled;
  }

  /** Drops the oldest beyond the limit; answers how many. */
  trim() {
    const excess = Math.max(0, this.items.length - ItemsMax);
    this.items.splice(0, excess);
    this.#stretch = Math.max(0, this.#stretch - excess);
    return excess;
  }

  #judge(mark, until) {
    mark.until = until;
    if (until === null) {
      mark.outcome = 'missed';
      return;
    }
    const came = this.items.filter(
      (item, index) => index >= this.#stretch && item.offset > mark.from && item.offset <= until).length;
    const missed = until - mark.from - came;
    mark.outcome = missed > 0 ? 'missed' : 'recovered';
    mark.count = missed > 0 ? missed : came;
  }
}

/** The newest offset that was known when this item was placed. */
function lastOffset(item) {
  return item.kind === 'break' ? item.from : item.offset;
}
