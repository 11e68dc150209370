import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProxy } from '../proxy.mjs';
import { hosts, startServer } from '../server.mjs';
import { ChatPage } from './chat-page.mjs';
import { launchChromium } from './chromium.mjs';

const CutOffMs = 3_000;
const Phone = { width: 390, height: 780 };
const pictures = fileURLToPath(new URL('screenshots/', import.meta.url));

let browser;
before(async () => {
  await mkdir(pictures, { recursive: true });
  browser = await launchChromium();
});
after(() => browser?.close());

for (const [host, args] of Object.entries(hosts)) {
  describe(`the demo page, served by the ${host}`, { timeout: 120_000 }, () => {
    let server;
    let proxy;
    let opened = [];

    before(async () => {
      server = await startServer({ args });
      proxy = await startProxy(server.port);
    });
    after(async () => {
      await proxy?.close();
      await server?.stop();
    });

    async function open(origin, options) {
      const page = await ChatPage.open(browser, origin, options);
      opened.push(page);
      return page;
    }

    /** A test with pages of its own: they are closed at its end, and must not have complained. */
    function pageTest(title, body) {
      test(title, async () => {
        try {
          await body();
          for (const page of opened) {
            await page.close();
          }
        } finally {
          opened = [];
          proxy.mend();
        }
      });
    }

    async function publishMany(channel, count, first = 1) {
      for (let number = first; number < first + count; number++) {
        await server.publish(channel, { text: `While away, ${number}` });
      }
    }

    pageTest('two pages see each other and talk', async () => {
      const ada = await open(server.origin, { name: 'Ada', room: 'talk' });
      const ben = await open(proxy.origin, { name: 'Ben', room: 'talk' });
      await ada.people('Ada', 'Ben');
      await ben.people('Ada', 'Ben');

      await ada.say('Good morning, Ben.');
      await ben.sees('Good morning, Ben.');
      await ben.say('Morning! Did the kettle make it through the night?');
      await ada.sees('Did the kettle');

      const seen = await ada.messages();
      assert.deepEqual(seen, await ben.messages());
      assert.deepEqual(seen.map(({ author, offset }) => [author, offset]), [['Ada', 1], ['Ben', 2]]);
      assert.deepEqual(await ada.letters(), []);
    });

    pageTest('a page cut off at the server returns and shows all 50 missed messages, in order, once', async () => {
      const ada = await open(server.origin, { name: 'Ada', room: 'kitchen' });
      const ben = await open(proxy.origin, { name: 'Ben', room: 'kitchen' });
      await ada.say('I will read out the list.');
      await ben.say('Go on, I am listening.');
      await ben.sees('Go on');
      await ada.sees('Go on');

      proxy.cut();
      const cutAt = Date.now();
      await ben.isCutOff();
      await publishMany('chat:kitchen', 50);
      await ben.screenshot(`${pictures}${host}-cut-off.png`);
      await delay(Math.max(0, CutOffMs - (Date.now() - cutAt)));
      proxy.mend();

      await ben.told('Recovered 50 messages');
      await ben.isLive();
      const expected = Array.from({ length: 50 }, (_, index) => `While away, ${index + 1}`);
      const seen = await ben.messages();
      assert.deepEqual(seen.slice(2).map(({ text }) => text), expected);
      assert.deepEqual(seen.map(({ offset }) => offset), Array.from({ length: 52 }, (_, index) => index + 1));
      assert.deepEqual(seen.map(({ isRecovered }) => isRecovered), seen.map((_, index) => index >= 2));
      assert.deepEqual((await ada.messages()).map(({ text }) => text), seen.map(({ text }) => text));

      await ben.screenshot(`${pictures}${host}-recovered.png`);
      await ben.locator('.break').scrollIntoViewIfNeeded();
      await ben.screenshot(`${pictures}${host}-recovered-top.png`);
      await ben.screenshot(`${pictures}${host}-recovered-dark.png`, { scheme: 'dark' });
      await ben.screenshot(`${pictures}${host}-recovered-phone.png`, { scheme: 'light', size: Phone });
    });

    pageTest('what was written while cut off is said once, after what was missed', async () => {
      const ada = await open(server.origin, { name: 'Ada', room: 'letters' });
      const ben = await open(proxy.origin, { name: 'Ben', room: 'letters' });
      proxy.cut();
      await ben.isCutOff();
      await ben.say('Can you hear me?');
      assert.deepEqual(await ben.letters(), ['Can you hear me?']);
      await ben.screenshot(`${pictures}${host}-phone-cut-off.png`, { size: Phone });
      await ada.say('Ben seems to be gone.');
      await ada.sees('Ben seems');
      proxy.mend();

      await ada.sees('Can you hear me?');
      await ben.sees('Can you hear me?');
      assert.deepEqual((await ben.messages()).map(({ text }) => text), ['Ben seems to be gone.', 'Can you hear me?']);
      assert.deepEqual(await ben.letters(), []);
    });

    pageTest('a long absence: what comes behind the first answer is counted as recovered too', async () => {
      const ben = await open(proxy.origin, { name: 'Ben', room: 'long' });
      await ben.say('I will be a while.');
      await ben.sees('I will be');
      proxy.cut();
      await ben.isCutOff();
      const filler = 'lorem ipsum '.repeat(200);
      for (let number = 1; number <= 120; number++) {
        await server.publish('chat:long', { text: `${number} ${filler}` });
      }
      proxy.mend();
      await ben.told('Recovered 120 messages');
      assert.deepEqual((await ben.messages()).map(({ offset }) => offset), Array.from({ length: 121 }, (_, index) => index + 1));
    });

    pageTest('more was said than the room keeps: the page says how much is missing and shows the rest', async () => {
      const ben = await open(proxy.origin, { name: 'Ben', room: 'busy' });
      await ben.say('Back in a minute.');
      await ben.sees('Back in');
      proxy.cut();
      await ben.isCutOff();
      await publishMany('chat:busy', 400);
      const { publications } = await server.result('history', { channel: 'chat:busy', limit: 300 });
      proxy.mend();

      const kept = publications.length;
      await ben.told(kept < 400 ? `${400 - kept} messages missed` : 'Recovered 400 messages');
      await ben.locator('.break').scrollIntoViewIfNeeded();
      await ben.screenshot(`${pictures}${host}-missed.png`);
      const offsets = (await ben.messages()).map(({ offset }) => offset);
      assert.deepEqual(offsets, [1, ...Array.from({ length: kept }, (_, index) => 402 - kept + index)]);
    });

    pageTest('a page that opens later shows the history, and rooms do not mix', async () => {
      await publishMany('chat:library', 3);
      const cleo = await open(server.origin, { name: 'Cleo', room: 'library' });
      await cleo.sees('While away, 3');
      await cleo.openRoom('garden');
      await cleo.screenshot(`${pictures}${host}-empty.png`);
      await cleo.say('It is quiet out here.');
      await cleo.sees('It is quiet');
      assert.deepEqual((await cleo.messages()).map(({ text }) => text), ['It is quiet out here.']);
      await cleo.openRoom('library');
      await cleo.sees('While away, 3');
      assert.equal((await cleo.messages()).length, 3);
    });

    pageTest('whatever is published stays text', async () => {
      const ada = await open(server.origin, { name: '<b>Ada</b>', room: 'markup' });
      const attack = '<img src=x onerror="window.owned = true"><script>window.owned = true</script>';
      await ada.say(attack);
      await ada.sees('onerror');
      await server.publish('chat:markup', { text: attack });
      await server.publish('chat:markup', { odd: [attack] });
      await server.publish('chat:markup', 17);
      await ada.sees('17');
      const seen = await ada.messages();
      assert.equal(seen.length, 4);
      assert.deepEqual([seen[0].author, seen[0].text, seen[1].text], ['<b>Ada</b>', attack, attack]);
      assert.equal(await ada.evaluate(() => window.owned), undefined);
      assert.equal(await ada.locator('#log img, #log script, #people b').count(), 0);
    });

    pageTest('a reader who has scrolled up is left there and told what is new', async () => {
      await publishMany('chat:scroll', 60);
      const ada = await open(server.origin, { name: 'Ada', room: 'scroll' });
      await ada.sees('While away, 60');
      const isAtBottom = () => ada.evaluate(() => {
        const { scrollHeight, scrollTop, clientHeight } = document.getElementById('scroll');
        return scrollHeight - scrollTop - clientHeight < 2;
      });
      assert.ok(await isAtBottom());
      await publishMany('chat:scroll', 1, 61);
      await ada.sees('While away, 61');
      assert.ok(await isAtBottom());

      await ada.evaluate(() => { document.getElementById('scroll').scrollTop = 100; });
      await ada.evaluate(() => new Promise(requestAnimationFrame));
      await publishMany('chat:scroll', 2, 62);
      await ada.sees('While away, 63');
      assert.equal(await ada.evaluate(() => document.getElementById('scroll').scrollTop), 100);
      await ada.locator('#newer', { hasText: '2 new messages below' }).click();
      assert.ok(await isAtBottom());
    });

    pageTest('a new name is kept and shown to the others', async () => {
      const ada = await open(server.origin, { name: 'Ada', room: 'names' });
      const ben = await open(server.origin, { name: 'Ben', room: 'names' });
      await ada.rename('Ada Lovelace');
      await ben.people('Ada Lovelace', 'Ben');
      await ada.people('Ada Lovelace', 'Ben');
      await ada.evaluate(() => location.reload());
      await ada.people('Ada Lovelace', 'Ben');
      assert.equal(await ada.locator('#name').inputValue(), 'Ada Lovelace');
    });

    pageTest('the server restarts: the page returns by itself and says that the rest is lost', async () => {
      const ada = await open(server.origin, { name: 'Ada', room: 'restart' });
      await ada.say('Before the restart.');
      await ada.sees('Before the restart.');
      assert.equal(await server.stop(), 0);
      await ada.isCutOff();
      server = await startServer({ args, port: server.port });
      await ada.isLive();
      await ada.told('The server started anew');
      await ada.say('After the restart.');
      await ada.sees('After the restart.');
      await ada.screenshot(`${pictures}${host}-restarted.png`);
      assert.deepEqual((await ada.messages()).map(({ text }) => text), ['Before the restart.', 'After the restart.']);
    });

    pageTest('the page in light, dark and phone width', async () => {
      const talk = [
        ['Ada', 'Has anyone tried the new lock on the upper basin?'],
        ['Ben', 'This morning. It opens without a sound.'],
        ['Ben', 'And it closes behind you, which is more than the old one did.'],
        ['Cleo', 'I came through at noon with the long boat. Plenty of room, and the gauge by the gate is readable at last.'],
        ['Ada', 'Then it stays.'],
      ];
      const pages = new Map();
      for (const name of ['Ada', 'Ben', 'Cleo']) {
        pages.set(name, await open(server.origin, { name, room: 'upper-basin' }));
      }
      for (const [name, text] of talk) {
        await pages.get(name).say(text);
        await pages.get('Ada').sees(text);
      }
      await server.publish('chat:upper-basin', { text: 'Water level 2.41 m, falling' });
      const ada = pages.get('Ada');
      await ada.sees('Water level');
      await ada.people('Ada', 'Ben', 'Cleo');
      await ada.screenshot(`${pictures}${host}-light.png`);
      await ada.screenshot(`${pictures}${host}-dark.png`, { scheme: 'dark' });
      await ada.locator('#developers summary').click();
      await ada.screenshot(`${pictures}${host}-developers.png`, { scheme: 'light' });
      await ada.screenshot(`${pictures}${host}-phone.png`, { size: Phone });
      await ada.locator('#toggle').click();
      await ada.screenshot(`${pictures}${host}-phone-aside.png`);
      assert.ok(await ada.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'no sideways scrolling');
    });
  });
}
