import { byId, element, hueOf } from './dom.js';
import { toRoomName } from './settings.js';

/** Beside the conversation: who is here, the other rooms, and what a developer wants to try first. */
export class AsideView {
  constructor({ leave }) {
    byId('toggle').addEventListener('click', () => this.open(!document.body.classList.contains('aside-open')));
    document.addEventListener('keydown', (event) => event.key === 'Escape' && this.open(false));
    byId('open-room').addEventListener('submit', (event) => {
      event.preventDefault();
      location.hash = toRoomName(byId('new-room').value) ?? location.hash;
      byId('new-room').value = '';
      byId('text').focus();
    });
    byId('copy').addEventListener('click', copyCurl);
    byId('leave').addEventListener('click', leave);
  }

  /** On a narrow screen it lies over the conversation. */
  open(isOpen) {
    document.body.classList.toggle('aside-open', isOpen);
    byId('toggle').ariaExpanded = String(isOpen);
  }

  showPeople(people) {
    byId('here-count').textContent = people.length;
    byId('people').replaceChildren(...people.map(({ name, count, you }) => {
      const line = element('li', '', name);
      line.style.setProperty('--hue', hueOf(name));
      const notes = [...(you ? ['you'] : []), ...(count > 1 ? [`${count} pages`] : [])];
      line.append(...notes.map((note) => element('small', '', note)));
      return line;
    }));
  }

  showRooms(names, current) {
    byId('rooms').replaceChildren(...names.map((name) => {
      const link = element('a', '', `#${name}`);
      link.href = `#${name}`;
      if (name === current) {
        link.ariaCurrent = 'page';
      }
      const line = element('li');
      line.append(link);
      return line;
    }));
  }

  showChannel(channel) {
    // A room's name has no character that a shell or JSON would read differently.
    byId('curl').textContent = `curl ${location.origin}/api/publish \\\n  -H "X-API-Key: $API_KEY" \\\n`
      + `  -d '{"channel":"${channel}","data":{"text":"Hello from the shell"}}'`;
    byId('copy').textContent = 'Copy';
  }

  showClient(id) {
    byId('client').textContent = id;
  }

  showPosition(epoch, offset) {
    byId('epoch').textContent = epoch || '–';
    byId('offset').textContent = offset;
  }
}

async function copyCurl() {
  try {
    await navigator.clipboard.writeText(byId('curl').textContent);
    byId('copy').textContent = 'Copied';
  } catch {
    // No clipboard outside a secure context: then it is at least selected.
    getSelection().selectAllChildren(byId('curl'));
  }
}
