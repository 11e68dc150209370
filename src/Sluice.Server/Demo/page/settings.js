import { cleanName } from './message.js';

const RoomsMax = 12;
const FirstRoom = 'general';
const GuestNumbers = 10_000;

/** What is kept in this browser: the name, and the rooms that were opened. Works without storage, for one visit. */
export class Settings {
  name;
  rooms;

  constructor() {
    this.name = cleanName(load('name') ?? '') || `Guest ${Math.floor(Math.random() * GuestNumbers)}`;
    this.rooms = (load('rooms') ?? FirstRoom).split(' ').map(toRoomName).filter(Boolean);
  }

  /** Answers false if that is no name, or the one already in use. */
  rename(name) {
    const cleaned = cleanName(name);
    if (cleaned === '' || cleaned === this.name) {
      return false;
    }
    this.name = cleaned;
    store('name', cleaned);
    return true;
  }

  visit(room) {
    if (!this.rooms.includes(room)) {
      this.rooms = [...this.rooms, room].slice(-RoomsMax);
    }
    store('rooms', this.rooms.join(' '));
  }
}

/** A room's name as it stands in the address, `#general`; null if there is none in it. */
export function toRoomName(text) {
  const name = text.toLowerCase().replace(/[^a-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 32);
  return name === '' ? null : name;
}

export function roomInAddress() {
  let hash = location.hash.slice(1);
  try {
    hash = decodeURIComponent(hash);
  } catch {
    // Somebody typed a stray percent sign; the characters are sorted out below all the same.
  }
  return toRoomName(hash) ?? FirstRoom;
}

function load(key) {
  try {
    return localStorage.getItem(`sluice.${key}`);
  } catch {
    return null;
  }
}

function store(key, value) {
  try {
    localStorage.setItem(`sluice.${key}`, value);
  } catch {
    // Storage is off or full: then the choice lasts as long as the page.
  }
}
