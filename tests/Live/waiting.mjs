const WaitMs = 10_000;

/** The next event of this name that matches, or a failure that says what was waited for. */
export function nextEvent(emitter, name, matches = () => true) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      emitter.removeListener(name, listen);
      reject(new Error(`No '${name}' within ${WaitMs} ms.`));
    }, WaitMs);
    function listen(context) {
      if (matches(context)) {
        clearTimeout(timer);
        emitter.removeListener(name, listen);
        resolve(context);
      }
    }
    emitter.on(name, listen);
  });
}

/** What the promise brings, or a failure naming what never came. */
export async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No ${what} within ${WaitMs} ms.`)), WaitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Values that arrive one by one, taken one by one. */
export class Inbox {
  #values = [];
  #takers = [];

  put(value) {
    const taker = this.#takers.shift();
    if (taker) {
      taker(value);
    } else {
      this.#values.push(value);
    }
  }

  take(what = 'message') {
    return within(this.#values.length > 0
      ? Promise.resolve(this.#values.shift())
      : new Promise((resolve) => this.#takers.push(resolve)), what);
  }

  async takeMany(count, what = 'message') {
    const values = [];
    while (values.length < count) {
      values.push(await this.take(`${what} ${values.length + 1} of ${count}`));
    }
    return values;
  }

  /** What is there now, without waiting. */
  drain() {
    return this.#values.splice(0);
  }
}
