// Writes chat.jsonl, quotes.jsonl and dashboard.jsonl: 300 JSON messages each, the same bytes at every run.
//   node generate.mjs
// What a channel of each kind carries: people's sentences with identifiers around them; prices of many symbols in changing
// order; readings of a few machines in turn. Nothing here was tuned to compress well: identifiers and digits are drawn evenly.
import { writeFileSync } from 'node:fs';

const MESSAGES = 300;
const START_MS = Date.UTC(2026, 10, 24, 9, 0, 0);

// mulberry32: 32 bits of state, the same numbers on every engine.
function dice(seed) {
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (bound) => next() % bound;
  return {
    below,
    pick: (list) => list[below(list.length)],
    digits: (count, alphabet = '0123456789abcdef') => Array.from({ length: count }, () => alphabet[below(alphabet.length)]).join(''),
    chance: (percent) => below(100) < percent,
  };
}

const names = ['Maya Okafor', 'Jonas Lindqvist', 'Priya Raman', 'Tomás Herrera', 'Wei Zhang', 'Aisha Diallo', 'Luca Moretti', 'Hannah Weiss',
  'Diego Fuentes', 'Noor Hassan', 'Freya Olsen', 'Kenji Mori', 'Sofia Petrova', 'Marcus Bell', 'Chloé Dubois', 'Arjun Mehta'];
const openings = ['Quick question:', 'Morning everyone,', 'Has anybody seen why', 'I think', 'Just checked and', 'Sorry for the late reply,', 'Heads up,',
  'Not sure, but', 'Good news:', 'So it turns out that', 'Could someone explain why', 'As far as I can tell', 'Funny thing,', 'Before we forget,', 'For the record,',
  'Honestly', 'Yes, and', 'No wonder:', 'If I remember right,', 'Update from the call:', 'According to Lena', 'While waiting for lunch I noticed', 'Wow,', 'By the way,'];
const subjects = ['the staging build', 'the new invoice screen', 'our train to Utrecht', 'the coffee machine on the third floor', 'that flaky upload test',
  'the customer from Porto', 'the migration script', 'the second half of the match', 'my laptop', 'the search index', 'the draft of the contract', 'the login page',
  'the nightly backup', 'the projector', 'the release checklist', "Omar's pull request", 'the weather for Saturday', 'the shipping estimate', 'the mobile app',
  'the quarterly report', 'that podcast about bees', 'the heating', 'the map view', 'the export to CSV'];
const verbs = ['was down for about ten minutes', 'needs another pair of eyes', 'looks much better now', 'still shows the old prices', 'will be late again',
  'crashed twice since yesterday', 'is finally approved', 'got moved to Thursday', 'works on Firefox only', 'has been rewritten from scratch', 'keeps asking for a password',
  'is blocking the whole team', 'made everybody laugh', 'runs three times faster', 'ignores daylight saving', 'was never tested with empty input', 'costs more than we planned',
  'should not have shipped', 'passed on the first try', 'is missing half of its photos', 'sounds like a dishwasher', 'deserves a short write-up', 'fell over under load',
  'can wait until Monday'];
const endings = ['', '', '', ' 😅', ' 👍', ' Thanks!', ' Any ideas?', ' I will look after lunch.', ' Who can take it?', ' See you at three.', ' Screenshots in the thread.',
  ' Details tomorrow…', ' Please do not restart it yet.', ' Let me know.', ' Same here.', ' Fixed in 4.2.1, I hope.'];

function chat() {
  const { below, pick, digits, chance } = dice(1);
  let at = START_MS;
  return Array.from({ length: MESSAGES }, () => {
    at += 400 + below(45_000);
    const author = below(names.length);
    const text = `${pick(openings)} ${pick(subjects)} ${pick(verbs)}${chance(35) ? `, and ${pick(subjects)} ${pick(verbs)}` : ''}.${pick(endings)}`;
    return {
      id: digits(16), room: 'lobby', user: { id: 4100 + author * 37, name: names[author] }, text,
      sentAt: new Date(at).toISOString(), ...(chance(15) ? { replyTo: digits(16) } : {}),
    };
  });
}

function quotes() {
  const { below, pick, digits } = dice(2);
  let at = START_MS;
  const symbols = Array.from({ length: 40 }, () => {
    const cents = 800 + below(60_000);
    return { name: digits(3 + below(2), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'), cents, open: cents, volume: below(9_000_000), exchange: pick(['XNAS', 'XNYS', 'ARCX', 'BATS']) };
  });
  return Array.from({ length: MESSAGES }, () => {
    at += 1 + below(180);
    const symbol = pick(symbols);
    symbol.cents = Math.max(100, symbol.cents + below(21) - 10);
    symbol.volume += 100 * (1 + below(90));
    return {
      symbol: symbol.name, exchange: symbol.exchange, bid: (symbol.cents - 1 - below(4)) / 100, bidSize: 100 * (1 + below(40)),
      ask: (symbol.cents + 1 + below(4)) / 100, askSize: 100 * (1 + below(40)), last: symbol.cents / 100, volume: symbol.volume,
      change: (symbol.cents - symbol.open) / 100, currency: 'USD', time: at,
    };
  });
}

function dashboard() {
  const { below, pick, digits } = dice(3);
  let at = START_MS;
  const hosts = Array.from({ length: 12 }, (_, i) => ({
    name: `web-${String(i + 1).padStart(2, '0')}`, region: pick(['eu-west', 'eu-north', 'us-east']), cpu: 200 + below(500), memory: 2_000 + below(5_000),
    requests: below(2_000_000), errors: below(300), build: digits(7),
  }));
  return Array.from({ length: MESSAGES }, (_, i) => {
    at += 300 + below(400);
    const host = hosts[i % hosts.length];
    host.cpu = Math.min(999, Math.max(10, host.cpu + below(81) - 40));
    host.memory = Math.min(8_192, Math.max(500, host.memory + below(41) - 20));
    host.requests += below(900);
    host.errors += below(20) === 0 ? 1 : 0;
    return {
      host: host.name, region: host.region, build: host.build, status: host.cpu > 900 ? 'degraded' : 'ok', cpuPercent: host.cpu / 10, memoryMiB: host.memory,
      load: [below(400) / 100, below(400) / 100], requests: host.requests, errors: host.errors, latencyMs: { p50: 4 + below(9), p99: 30 + below(120) }, at,
    };
  });
}

for (const [name, messages] of Object.entries({ chat: chat(), quotes: quotes(), dashboard: dashboard() })) {
  writeFileSync(new URL(`${name}.jsonl`, import.meta.url), messages.map((message) => JSON.stringify(message) + '\n').join(''));
}
