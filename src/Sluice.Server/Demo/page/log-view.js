import { element, hueOf } from './dom.js';

const TogetherMs = 5 * 60_000;
const BottomPx = 48;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/**
 * The transcript on the screen: one row per item, in the same order, so an index means the same in both. A reader at
 * the bottom stays at the bottom; one who has scrolled up is left where they are and told how much is new.
 */
export class LogView {
  #log;
  #scroll;
  #newer;
  #items = [];
  #unread = 0;
  #atBottom = true;

  constructor({ log, scroll, newer }) {
    this.#log = log;
    this.#scroll = scroll;
    this.#newer = newer;
    scroll.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    newer.addEventListener('click', () => this.toBottom());
    new ResizeObserver(() => this.#stay()).observe(scroll);
  }

  /** Shows another transcript. */
  show(items) {
    this.#items = items;
    this.#log.replaceChildren(...items.map(toRow));
    items.forEach((_, index) => this.#group(index));
    this.toBottom();
  }

  inserted(index) {
    const item = this.#items[index];
    this.#log.insertBefore(toRow(item), this.#log.children[index] ?? null);
    this.#group(index);
    this.#group(index + 1);
    if (!this.#atBottom && item.kind === 'message') {
      this.#unread++;
    }
    this.#stay();
  }

  changed(item) {
    const index = this.#items.lastIndexOf(item);
    this.#log.children[index].replaceWith(toRow(item));
    if (item.outcome === 'recovered') {
      for (let next = index + 1; this.#items[next]?.offset <= item.until; next++) {
        this.#log.children[next].classList.add('recovered');
      }
    }
    this.#stay();
  }

  trimmed(count) {
    for (let removed = 0; removed < count; removed++) {
      this.#log.firstElementChild.remove();
    }
  }

  /** Call when something below the rows has grown. */
  grown() {
    this.#stay();
  }

  toBottom() {
    this.#atBottom = true;
    this.#stay();
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    this.#atBottom = scrollHeight - scrollTop - clientHeight < BottomPx;
    this.#stay();
  }

  #stay() {
    if (this.#atBottom) {
      this.#unread = 0;
      this.#scroll.scrollTop = this.#scroll.scrollHeight;
    }
    this.#newer.hidden = this.#unread === 0;
    this.#newer.textContent = `${this.#unread} new ${this.#unread === 1 ? 'message' : 'messages'} below`;
  }

  /** What one person says in one go stands under one name. */
  #group(index) {
    const row = this.#log.children[index];
    const [before, item] = [this.#items[index - 1], this.#items[index]];
    const together = before?.kind === 'message' && item?.kind === 'message' && before.author === item.author
      && Math.abs((item.at ?? 0) - (before.at ?? 0)) < TogetherMs;
    row?.classList.toggle('continued', together);
  }
}

function toRow(item) {
  return item.kind === 'break' ? toBreak(item) : toMessageRow(item);
}

function toMessageRow(message) {
  const row = element('article', 'message');
  row.dataset.offset = message.offset;
  const author = element('b', 'author', message.author ?? 'HTTP API');
  author.style.setProperty('--hue', hueOf(message.author ?? ''));
  author.classList.toggle('api', message.author === null);
  const by = element('p', 'by');
  by.append(author, ...(message.at === null ? [] : [toTime(message.at)]));
  row.append(by, element('p', 'text', message.text));
  return row;
}

function toBreak(mark) {
  const row = element('p', 'break');
  row.dataset.outcome = mark.outcome;
  row.dataset.count = mark.count ?? '';
  row.append(element('span', 'outcome', outcomeOf(mark)), toTime(mark.lostAt));
  return row;
}

function outcomeOf({ outcome, count }) {
  if (outcome === 'waiting') {
    return 'Connection lost';
  }
  if (outcome === 'missed') {
    return count === null
      ? 'The server started anew: something may be missing here'
      : `${numbered(count)} missed: the server no longer keeps ${count === 1 ? 'it' : 'them'}`;
  }
  return count === 0 ? 'Connection was lost, nothing was missed' : `Recovered ${numbered(count)}`;
}

function numbered(count) {
  return `${count} ${count === 1 ? 'message' : 'messages'}`;
}

function toTime(at) {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = element('time', '', isToday ? clock.format(date) : calendar.format(date));
  time.dateTime = date.toISOString();
  time.title = calendar.format(date);
  return time;
}
