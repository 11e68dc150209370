// Clients that others have written, against the running server, with and without compression.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { launchChromium } from '../Browser/chromium.mjs';
import { hosts, startServer } from '../server.mjs';
import { within } from '../waiting.mjs';
import { converse } from './conversation.mjs';
import { launchFirefox } from './firefox.mjs';

const bun = createRequire(import.meta.url).resolve('@oven/bun-linux-x64/bin/bun');

/** Each answers what `converse` did there. */
const clients = {
  'ws of Node': async (server) => converse(echoOf(server), WebSocket),
  Bun: async (server) => new Promise((resolve, reject) => execFile(bun, [fileURLToPath(new URL('bun.mjs', import.meta.url)), echoOf(server)],
    (error, stdout) => (error ? reject(error) : resolve(JSON.parse(stdout))))),
  Chromium: async (server, { chromium }) => {
    const page = await chromium.newPage();
    await page.goto(`${server.origin}/health`);
    const answer = await page.evaluate(`(${converse})(${JSON.stringify(echoOf(server))})`);
    await page.close();
    return answer;
  },
  Firefox: async (server, { firefox }) => firefox.evaluate(`${server.origin}/health`, converse, echoOf(server)),
};

const browsers = {};
before(async () => {
  [browsers.chromium, browsers.firefox] = await Promise.all([launchChromium(), launchFirefox()]);
}, { timeout: 90_000 });
after(() => Promise.all([browsers.chromium?.close(), browsers.firefox?.close()]));

for (const [host, args] of Object.entries(hosts)) {
  for (const compression of [false, true]) {
    describe(`clients ${compression ? 'that compress' : 'uncompressed'}, on the ${host}`, { timeout: 60_000 }, () => {
      let server;
      before(async () => { server = await startServer({ args: [...args, ...(compression ? ['--compression'] : [])] }); });
      after(() => server.stop());

      for (const [name, talk] of Object.entries(clients)) {
        test(name, async () => {
          const { extensions, differing, code } = await within(talk(server, browsers), 'conversation');
          assert.equal(differing, -1);
          assert.equal(code, 4001);
          assert.equal(/^permessage-deflate/.test(extensions), compression);
        });
      }
    });
  }
}

function echoOf(server) {
  return `${server.origin.replace(/^http/, 'ws')}/echo`;
}
