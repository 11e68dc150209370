import assert from 'node:assert/strict';

/** The demo page as a test sees it: what a person can read and do there. */
export class ChatPage {
  #page;
  #complaints = [];

  static async open(browser, origin, { name, room = 'general', scheme = 'light', size = { width: 1180, height: 760 } }) {
    const context = await browser.newContext({ colorScheme: scheme, viewport: size, locale: 'en-GB' });
    const chat = new ChatPage(await context.newPage());
    await chat.#page.addInitScript((own) => localStorage.getItem('sluice.name') ?? localStorage.setItem('sluice.name', own), name);
    await chat.#page.goto(`${origin}/#${room}`);
    await chat.isLive();
    return chat;
  }

  constructor(page) {
    this.#page = page;
    page.on('pageerror', (error) => this.#complaints.push(String(error)));
    page.on('console', (message) => {
      // A refused connection is what these tests are about; Chromium prints each.
      if (message.type() === 'error' && !message.text().includes('WebSocket connection to')) {
        this.#complaints.push(message.text());
      }
    });
  }

  async isLive() {
    await this.#page.locator('#connection[data-state="connected"]').waitFor();
    await this.#page.locator('#log[aria-busy="false"]').waitFor({ state: 'attached' });
  }

  async isCutOff() {
    await this.#page.locator('#connection[data-state="connecting"]').waitFor();
  }

  async say(text) {
    await this.#page.locator('#text').fill(text);
    await this.#page.locator('#text').press('Enter');
  }

  async rename(name) {
    await this.#page.locator('#name').fill(name);
    await this.#page.locator('#name').press('Enter');
  }

  async openRoom(name) {
    await this.#page.locator('#new-room').fill(name);
    await this.#page.locator('#new-room').press('Enter');
    await this.#page.locator('#room', { hasText: `#${name}` }).waitFor();
    await this.isLive();
  }

  async sees(text) {
    await this.#page.locator('.message .text', { hasText: text }).first().waitFor();
  }

  /** Waits for the line that says how the last break ended. */
  async told(text) {
    await this.#page.locator('.break .outcome', { hasText: text }).last().waitFor();
  }

  async people(...names) {
    await this.#page.waitForFunction(
      (wanted) => [...document.querySelectorAll('#people li')].map((line) => line.firstChild.data).sort().join() === wanted,
      [...names].sort().join());
  }

  /** `[{offset, author, text}]` from the top down; the author as a reader would take it, from the rows above. */
  messages() {
    return this.#page.locator('.message').evaluateAll((rows) => rows.map((row) => ({
      offset: Number(row.dataset.offset),
      author: row.querySelector('.author').textContent,
      text: row.querySelector('.text').textContent,
      isRecovered: row.classList.contains('recovered'),
    })));
  }

  letters() {
    return this.#page.locator('.letter .text').allTextContents();
  }

  evaluate(script, argument) {
    return this.#page.evaluate(script, argument);
  }

  locator(selector) {
    return this.#page.locator(selector);
  }

  async screenshot(path, options = {}) {
    const { scheme, size } = options;
    if (scheme) {
      await this.#page.emulateMedia({ colorScheme: scheme });
    }
    if (size) {
      await this.#page.setViewportSize(size);
    }
    await this.#page.screenshot({ path });
  }

  async close() {
    await this.#page.context().close();
    assert.deepEqual(this.#complaints, [], 'the page threw or broke its own content policy');
  }
}
