import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const StartMs = 60_000;
const names = ['firefox-esr', 'firefox'];

/** Debian's Firefox without a window, spoken to by Marionette, the protocol that is built into it. */
export async function launchFirefox() {
  const profile = await mkdtemp(join(tmpdir(), 'firefox-'));
  // Port 0: it takes a free one and writes it into its profile.
  await writeFile(join(profile, 'user.js'), 'user_pref("marionette.port", 0);\n');
  const child = await spawnFirst(names, ['--headless', '--no-remote', '--marionette', '--profile', profile]);
  const exited = new Promise((resolve) => child.on('exit', resolve));
  try {
    const session = new Marionette(await connectTo(await readPort(profile, child)));
    await session.greeted;
    await session.call('WebDriver:NewSession', {});
    return new Firefox(session, child, exited, profile);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

class Firefox {
  constructor(session, child, exited, profile) {
    Object.assign(this, { session, child, exited, profile });
  }

  /** Opens a page and answers what the function says there, given these arguments. */
  async evaluate(url, work, ...args) {
    await this.session.call('WebDriver:Navigate', { url });
    const script = `const [args, done] = [arguments[0], arguments[1]];
      (${work})(...args).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value } = await this.session.call('WebDriver:ExecuteAsyncScript', { script, args: [args] });
    if (value.error) {
      throw new Error(value.error);
    }
    return value.value;
  }

  async close() {
    this.session.end();
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    await this.exited;
    clearTimeout(timer);
    await rm(this.profile, { recursive: true, force: true });
  }
}

/** One packet is LENGTH:JSON; a call is [0, id, name, parameters] and its answer [1, id, error, result]. */
class Marionette {
  #socket;
  #waiting = new Map();
  #bytes = Buffer.alloc(0);
  #ids = 0;

  constructor(socket) {
    this.#socket = socket;
    this.greeted = new Promise((resolve) => this.#waiting.set('greeting', { resolve }));
    socket.on('data', (chunk) => this.#read(chunk));
  }

  call(name, parameters) {
    const id = ++this.#ids;
    const packet = JSON.stringify([0, id, name, parameters]);
    this.#socket.write(`${Buffer.byteLength(packet)}:${packet}`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  end() {
    this.#socket.destroy();
  }

  #read(chunk) {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let colon; (colon = this.#bytes.indexOf(':')) > 0;) {
      const end = colon + 1 + Number(this.#bytes.subarray(0, colon));
      if (this.#bytes.length < end) {
        return;
      }
      this.#take(JSON.parse(this.#bytes.subarray(colon + 1, end)));
      this.#bytes = this.#bytes.subarray(end);
    }
  }

  #take(packet) {
    const [, id, error, result] = Array.isArray(packet) ? packet : [1, 'greeting', null, packet];
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) {
      reject(new Error(`${error.error}: ${error.message}`));
    } else {
      resolve(result);
    }
  }
}

async function spawnFirst([name, ...others], args) {
  const child = spawn(name, args, { stdio: 'ignore', env: { ...process.env, MOZ_HEADLESS: '1' } });
  const failed = await new Promise((resolve) => {
    child.once('spawn', () => resolve(undefined));
    child.once('error', resolve);
  });
  if (!failed) {
    return child;
  }
  if (others.length === 0) {
    throw new Error(`No Firefox in PATH (looked for ${names.join(', ')}).`);
  }
  return spawnFirst(others, args);
}

async function readPort(profile, child) {
  const deadline = Date.now() + StartMs;
  while (Date.now() < deadline && child.exitCode === null) {
    const text = await readFile(join(profile, 'MarionetteActivePort'), 'utf8').catch(() => '');
    if (text.trim()) {
      return Number(text);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('Firefox did not start.');
}

function connectTo(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}
