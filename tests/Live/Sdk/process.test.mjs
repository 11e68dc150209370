// The server as a process: its first lines, its options, its end.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { hosts, runServer, startServer } from '../server.mjs';
import { within } from '../waiting.mjs';
import { WireClient } from './wire-client.mjs';

for (const [host, args] of Object.entries(hosts)) {
  describe(`the process, on the ${host}`, { timeout: 60_000 }, () => {
    const started = [];
    after(() => Promise.all(started.map((server) => server.stop())));

    async function start(options) {
      const server = await startServer({ args, ...options });
      started.push(server);
      return server;
    }

    test('the curl line that it prints publishes', async (context) => {
      const server = await start();
      const answer = await new Promise((resolve) => execFile('sh', ['-c', `command -v curl >/dev/null || exit 127; ${server.curl}`],
        (error, stdout) => resolve({ code: error?.code ?? 0, stdout })));
      if (answer.code === 127) {
        context.skip('curl is not installed');
        return;
      }
      assert.equal(answer.code, 0);
      assert.equal(JSON.parse(answer.stdout).result.offset, 1);
    });

    test('echo answers what it is sent', async () => {
      const server = await start();
      const echo = await WireClient.open(server.wire.replace('/connection/websocket', '/echo'));
      echo.send({ hello: 'echo' });
      assert.deepEqual(await echo.reply(), { hello: 'echo' });
      echo.close();
    });

    test('SIGTERM closes every client with 3001 and exits 0', async () => {
      const server = await startServer({ args });
      const clients = await Promise.all(Array.from({ length: 20 }, () => WireClient.connected(server.wire)));
      const stopped = server.stop();
      await Promise.all(clients.map((client) => client.isClosedWith(3001)));
      assert.equal(await stopped, 0);
      assert.equal(server.errors, '');
    });

    test('without --demo nothing is open', async () => {
      const server = await start({ demo: false });
      const client = await WireClient.open(server.wire);
      client.send({ id: 1, connect: {} });
      const { code, reason } = await within(client.closed, 'close');
      assert.ok([3501, 3507].includes(code), String(code));
      assert.notEqual(reason, '');
      assert.equal((await server.api('info', {}, { key: null })).status, 401);
      assert.equal((await fetch(server.origin)).status, 404);
    });

    for (const [what, wrong] of [
      ['an unknown option', ['--nonsense']],
      ['a port that is none', ['--port', '70000']],
      ['a port that is no number', ['--port', 'eighty']],
      ['a value that is missing', ['--port']],
      ['an unknown host kind', ['--host-only', 'apache']],
      ['no loops at all', ['--loops', '0']],
      ['an address that is none', ['--host', 'not an address']],
    ]) {
      test(`${what}: one clear line and exit 2`, async () => {
        const { code, stderr } = await runServer(['--demo', ...args, ...wrong]);
        assert.equal(code, 2);
        assert.match(stderr, /^[^\n]+\n$/);
        assert.doesNotMatch(stderr, /\bat \w+\.|Exception/);
      });
    }

    test('a taken port: one clear line and exit 2', async () => {
      const squatter = createServer();
      await new Promise((resolve) => squatter.listen(0, '127.0.0.1', resolve));
      const { port } = squatter.address();
      const { code, stderr } = await runServer(['--demo', '--port', String(port), ...args]);
      squatter.close();
      assert.equal(code, 2);
      assert.match(stderr, /^[^\n]+\n$/);
      assert.match(stderr, new RegExp(String(port)));
    });
  });
}
