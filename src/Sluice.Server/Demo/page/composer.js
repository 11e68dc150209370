import { byId, element } from './dom.js';

/** Where messages and the own name are written, and what was written but is not in the log yet. */
export class Composer {
  #say;

  constructor({ say, rename }) {
    this.#say = say;
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    byId('text').addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#submit();
      }
    });
    byId('name').addEventListener('change', () => {
      byId('name').value = rename(byId('name').value);
    });
    byId('name').addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        event.preventDefault();
        byId('text').focus();
      }
    });
  }

  showName(name) {
    byId('name').value = name;
  }

  showLetters(letters, sendAgain) {
    byId('letters').replaceChildren(...letters.map((letter) => toRow(letter, sendAgain)));
  }

  #submit() {
    const text = byId('text').value.trim();
    if (text !== '') {
      byId('text').value = '';
      this.#say(text);
    }
    byId('text').focus();
  }
}

function toRow(letter, sendAgain) {
  const row = element('article', 'letter');
  row.dataset.state = letter.state;
  row.append(element('p', 'text', letter.text));
  if (letter.state === 'waiting') {
    row.append(element('p', 'note', 'Will be sent when the connection is back.'));
  } else if (letter.state === 'refused') {
    const again = element('button', 'quiet', 'Send again');
    again.type = 'button';
    again.addEventListener('click', () => sendAgain(letter));
    row.append(element('p', 'note', `Not sent: ${letter.reason}.`), again);
  }
  return row;
}
