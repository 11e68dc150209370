import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hosts, startServer } from '../server.mjs';
import { WireClient } from './wire-client.mjs';

for (const [host, args] of Object.entries(hosts)) {
  describe(`the HTTP API, on the ${host}`, { timeout: 60_000 }, () => {
    let server;
    let reader;

    before(async () => {
      server = await startServer({ args });
      reader = await WireClient.open(server.wire);
      await reader.ask({ id: 1, connect: { data: { name: 'Reader' } } });
    });
    after(() => server?.stop());

    test('publish answers the position and reaches the subscriber', async () => {
      await reader.ask({ id: 2, subscribe: { channel: 'chat:publish' } });
      const position = await server.result('publish', { channel: 'chat:publish', data: { text: 'one' } });
      assert.equal(position.offset, 1);
      assert.equal(typeof position.epoch, 'string');
      assert.deepEqual((await reader.push('pub')).pub.data, { text: 'one' });
      assert.equal((await server.publish('chat:publish', {})).offset, 2);
      await reader.push('pub');
    });

    test('publish carries tags', async () => {
      await reader.ask({ id: 3, subscribe: { channel: 'chat:tags' } });
      await server.result('publish', { channel: 'chat:tags', data: 1, tags: { level: 'low' } });
      assert.deepEqual((await reader.push('pub')).pub.tags, { level: 'low' });
    });

    test('broadcast answers for each channel, errors beside results', async () => {
      const { responses } = await server.result('broadcast',
        { channels: ['chat:b1', 'nowhere:b2', 'chat:b3'], data: { text: 'all' } });
      assert.deepEqual(responses.map(({ result, error }) => result?.offset ?? error.code), [1, 102, 1]);
      assert.equal((await server.result('history', { channel: 'chat:b3', limit: 1 })).publications.length, 1);
    });

    test('history: position alone, a page, since, and in reverse', async () => {
      const channel = 'chat:history';
      for (let number = 1; number <= 5; number++) {
        await server.publish(channel, { number });
      }
      const numbers = async (request) => {
        const { publications, offset } = await server.result('history', { channel, ...request });
        assert.equal(offset, 5);
        return publications.map(({ data, offset: own }) => {
          assert.equal(own, data.number);
          return data.number;
        });
      };
      const { epoch } = await server.result('history', { channel });
      assert.deepEqual(await numbers({}), []);
      assert.deepEqual(await numbers({ limit: 2 }), [1, 2]);
      assert.deepEqual(await numbers({ limit: -1 }), [1, 2, 3, 4, 5]);
      assert.deepEqual(await numbers({ limit: 2, reverse: true }), [5, 4]);
      assert.deepEqual(await numbers({ limit: 10, since: { offset: 3, epoch } }), [4, 5]);
      assert.deepEqual(await numbers({ limit: 10, since: { offset: 3, epoch }, reverse: true }), [2, 1]);
      const lost = await server.api('history', { channel, limit: 10, since: { offset: 3, epoch: 'other' } });
      assert.equal(lost.body.error?.code, 112);
    });

    test('presence and its statistics', async () => {
      await reader.ask({ id: 4, subscribe: { channel: 'chat:presence' } });
      const { presence } = await server.result('presence', { channel: 'chat:presence' });
      const [[id, info]] = Object.entries(presence);
      assert.deepEqual(info, { client: id, user: '', conn_info: { name: 'Reader' } });
      assert.deepEqual(await server.result('presence_stats', { channel: 'chat:presence' }), { num_clients: 1, num_users: 1 });
    });

    test('info names this node and counts its clients', async () => {
      const { nodes } = await server.result('info', {});
      assert.equal(nodes.length, 1);
      const [node] = nodes;
      for (const name of ['uid', 'name', 'version']) {
        assert.equal(typeof node[name], 'string', name);
      }
      for (const name of ['num_clients', 'num_channels', 'num_subs', 'uptime']) {
        assert.ok(Number.isInteger(node[name]), name);
      }
      assert.ok(node.num_clients >= 1);
    });

    test('batch answers in the order of its commands', async () => {
      const commands = [
        { publish: { channel: 'chat:batch', data: 1 } },
        { publish: { channel: 'chat:batch', data: 2 } },
        { history: { channel: 'chat:batch', limit: 5 } },
        { presence: { channel: 'nowhere:batch' } },
      ];
      const { status, body } = await server.api('batch', { commands });
      assert.equal(status, 200);
      const [first, second, history, refused] = body.replies;
      assert.deepEqual([first.publish.offset, second.publish.offset], [1, 2]);
      assert.deepEqual(history.history.publications.map(({ data }) => data), [1, 2]);
      assert.equal(refused.error.code, 102);
    });

    test('a parallel batch answers in that order too', async () => {
      const commands = ['chat:p1', 'chat:p2', 'chat:p3'].map((channel) => ({ publish: { channel, data: channel } }));
      const { body } = await server.api('batch', { commands, parallel: true });
      assert.deepEqual(body.replies.map((reply) => reply.publish.offset), [1, 1, 1]);
    });

    for (const [what, key, headers, query] of [
      ['in X-API-Key', true, {}, ''],
      ['in Authorization', false, (own) => ({ Authorization: `apikey ${own}` }), ''],
      ['in the query', false, {}, (own) => `?api_key=${own}`],
    ]) {
      test(`the key is taken ${what}`, async () => {
        const { status } = await server.api(`info${typeof query === 'function' ? query(server.key) : query}`, {},
          { key: key && server.key, headers: typeof headers === 'function' ? headers(server.key) : headers });
        assert.equal(status, 200);
      });
    }

    for (const method of ['publish', 'broadcast', 'history', 'presence', 'presence_stats', 'info', 'batch']) {
      test(`${method} without the key or with a wrong one: 401`, async () => {
        const request = { channel: 'chat:locked', channels: ['chat:locked'], data: 1, commands: [] };
        assert.equal((await server.api(method, request, { key: null })).status, 401);
        assert.equal((await server.api(method, request, { key: `${server.key}x` })).status, 401);
        assert.equal((await server.api(method, request, { key: server.key.slice(0, -1) })).status, 401);
      });
    }

    for (const body of ['', '{', '[]', 'null', '{"channel":"chat:a","data":}', '{"channel":5,"data":1}']) {
      test(`a malformed request (${body || 'nothing'}) answers 400`, async () => {
        assert.equal((await server.api('publish', body)).status, 400);
      });
    }

    test('errors stand in an answer of 200', async () => {
      for (const [request, code] of [
        [{ channel: 'nowhere:a', data: 1 }, 102],
        [{ channel: '', data: 1 }, 107],
        [{ channel: 'chat:a' }, 107],
        [{ channel: `chat:${'x'.repeat(300)}`, data: 1 }, 107],
      ]) {
        const { status, body } = await server.api('publish', request);
        assert.equal(status, 200);
        assert.equal(body.error?.code, code, JSON.stringify(request));
        assert.notEqual(body.error.message ?? '', '');
      }
    });

    test('a method that does not exist answers 404', async () => {
      assert.equal((await server.api('teleport', {})).status, 404);
    });

    test('health answers, the demo page is there, other paths are not', async () => {
      assert.equal((await fetch(`${server.origin}/health`)).status, 200);
      const page = await fetch(`${server.origin}/`);
      assert.equal(page.status, 200);
      assert.match(page.headers.get('content-type'), /^text\/html/);
      assert.equal((await fetch(`${server.origin}/nothing-here`)).status, 404);
    });
  });
}
