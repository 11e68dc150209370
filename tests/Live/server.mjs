import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const StartMs = 30_000;
const StopMs = 15_000;
const built = fileURLToPath(new URL('../../src/Sluice.Server/bin/Release/net10.0/Sluice.Server.dll', import.meta.url));

/** The two ways to serve the same channels; every live test runs on both. */
export const hosts = { loop: [], kestrel: ['--host-only', 'kestrel'] };

/** Runs the server with these arguments to its end. */
export function runServer(args) {
  const child = spawnServer(args);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => { output[name] += text; });
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), StopMs);
  return new Promise((resolve) => child.on('close', (code, signal) => {
    clearTimeout(timer);
    resolve({ code: code ?? signal, ...output });
  }));
}

/**
 * Starts the built server (SLUICE_SERVER names another one) on a free port and reads from its first lines where it
 * listens. The caller stops it: `stop()` asks (SIGTERM) and answers the exit code.
 */
export async function startServer({ args = [], port = 0, demo = true } = {}) {
  const child = spawnServer([...(demo ? ['--demo'] : []), '--port', String(port), ...args]);
  const exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal)));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { errors += text; });

  const found = {};
  const ready = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`The server was not ready in ${StartMs} ms. ${errors}`)), StartMs);
    createInterface({ input: child.stdout }).on('line', (line) => {
      found.origin ??= line.match(/^listening on (\S+)/)?.[1];
      found.key ??= line.match(/^API key: (\S+)/)?.[1];
      found.curl ??= line.match(/^\s*curl .*/)?.[0];
      if (found.origin && (!demo || (found.key && found.curl))) {
        clearTimeout(timer);
        resolve();
      }
    });
    exited.then((code) => {
      clearTimeout(timer);
      reject(new Error(`The server ended with ${code}. ${errors}`));
    });
  });

  try {
    await ready;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return new Server(child, exited, found, () => errors);
}

function spawnServer(args) {
  const path = process.env.SLUICE_SERVER ?? built;
  if (!existsSync(path)) {
    throw new Error(`No server at ${path}: build it first (dotnet build -c Release src/Sluice.Server).`);
  }
  const [command, first] = path.endsWith('.dll') ? ['dotnet', [path]] : [path, []];
  return spawn(command, [...first, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

class Server {
  #child;
  #exited;
  #errors;

  constructor(child, exited, { origin, key, curl }, errors) {
    this.#child = child;
    this.#exited = exited;
    this.#errors = errors;
    this.origin = origin;
    this.port = Number(new URL(origin).port);
    this.key = key;
    this.curl = curl;
    this.wire = `${origin.replace(/^http/, 'ws')}/connection/websocket`;
  }

  get errors() {
    return this.#errors();
  }

  /** Calls one method of the HTTP API; answers `{status, body}`. */
  async api(method, request, { key = this.key, headers = {} } = {}) {
    const response = await fetch(`${this.origin}/api/${method}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(key ? { 'X-API-Key': key } : {}), ...headers },
      body: typeof request === 'string' ? request : JSON.stringify(request),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  }

  /** The result of a call that must succeed. */
  async result(method, request) {
    const { status, body } = await this.api(method, request);
    if (status !== 200 || body.result === undefined) {
      throw new Error(`/api/${method} answered ${status} ${JSON.stringify(body)}`);
    }
    return body.result;
  }

  async publish(channel, data) {
    return this.result('publish', { channel, data });
  }

  async stop() {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), StopMs);
    const code = await this.#exited;
    clearTimeout(timer);
    return code;
  }
}
