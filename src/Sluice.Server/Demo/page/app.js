import { Centrifuge } from 'centrifuge';
import { AsideView } from './aside-view.js';
import { Composer } from './composer.js';
import { ConnectionView } from './connection-view.js';
import { byId } from './dom.js';
import { LogView } from './log-view.js';
import { Room } from './room.js';
import { Settings, roomInAddress } from './settings.js';

const ReconnectDelayMsMax = 5_000;
const AwayMs = 10_000;

const settings = new Settings();
const endpoint = new URL('connection/websocket', document.baseURI.replace(/^http/, 'ws'));
const client = new Centrifuge(endpoint.href, {
  data: { name: settings.name },
  maxReconnectDelay: ReconnectDelayMsMax,
});
const log = new LogView({ log: byId('log'), scroll: byId('scroll'), newer: byId('newer') });
const aside = new AsideView({ leave });
const composer = new Composer({ say, rename });
let room = null;
let clientId = null;
let unseen = 0;

const roomView = {
  inserted(index) {
    log.inserted(index);
    byId('empty').hidden = true;
    if (document.hidden && room.transcript.items[index].kind === 'message') {
      showTitle(unseen + 1);
    }
    showPosition();
  },
  changed: (item) => log.changed(item),
  trimmed: (count) => log.trimmed(count),
  people: showPeople,
  letters: showLetters,
  busy(isBusy) {
    byId('log').ariaBusy = String(isBusy);
    byId('empty').hidden = isBusy || room.transcript.items.length > 0;
    showPosition();
  },
  trouble(text) {
    byId('trouble').textContent = text;
    byId('trouble').hidden = text === '';
    log.grown();
  },
};

function openRoom(name) {
  if (room?.name === name) {
    return;
  }
  room?.close();
  room = new Room(client, name, roomView);
  settings.visit(name);
  byId('room').textContent = `#${name}`;
  byId('empty').hidden = true;
  log.show(room.transcript.items);
  roomView.trouble('');
  aside.open(false);
  aside.showRooms(settings.rooms, name);
  aside.showChannel(room.channel);
  showTitle(0);
  showPeople();
  showLetters();
  showPosition();
  room.open();
}

function say(text) {
  room.say(text);
  log.toBottom();
}

// The name is told when connecting, so a new one takes a new connection; the room recovers as after any break.
function rename(name) {
  if (settings.rename(name)) {
    client.setData({ name: settings.name });
    client.disconnect();
    client.connect();
  }
  return settings.name;
}

function leave() {
  client.disconnect();
  setTimeout(() => client.connect(), AwayMs);
}

function showTitle(count) {
  unseen = count;
  document.title = `${count > 0 ? `(${count}) ` : ''}#${room.name} · Sluice`;
}

function showPeople() {
  aside.showPeople(room.people.list(clientId));
}

function showLetters() {
  composer.showLetters(room.outbox.letters, (letter) => room.sayAgain(letter));
  log.grown();
}

function showPosition() {
  aside.showPosition(room.transcript.epoch, room.transcript.tip);
}

client.on('connected', (context) => {
  clientId = context.client;
  aside.showClient(clientId);
});
addEventListener('hashchange', () => openRoom(roomInAddress()));
document.addEventListener('visibilitychange', () => showTitle(0));

new ConnectionView(client);
composer.showName(settings.name);
openRoom(roomInAddress());
client.connect();
