const ID_BYTES = 12;

/**
 * What was written here and has not come back yet: `{id, text, state, reason}`.
 *
 * A message leaves the outbox when its own publication arrives, not when the server answers: the answer may be lost
 * with the connection although the message was taken. After a break everything missed is read first, so whatever is
 * still `waiting` then never arrived and can be sent again without being said twice.
 */
export class Outbox {
  letters = [];

  write(text) {
    const letter = { id: newId(), text, state: 'waiting', reason: null };
    this.letters.push(letter);
    return letter;
  }

  waiting() {
    return this.letters.filter((letter) => letter.state === 'waiting');
  }

  /** True if this publication was one of ours; it is then done. */
  seen(id) {
    const index = this.letters.findIndex((letter) => letter.id === id);
    if (index < 0) {
      return false;
    }
    this.letters.splice(index, 1);
    return true;
  }
}

// Not randomUUID: that exists only in secure contexts, and a demo is also opened from the next machine.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
