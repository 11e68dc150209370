// Every command that a server must answer with an error or a close, and which: the table "Rules for commands" of the
// Centrifugal client protocol v2, row by row, as far as this server goes.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hosts, startServer } from '../server.mjs';
import { WireClient } from './wire-client.mjs';

const PingIntervalMs = 400;
const PongTimeoutMs = 200;
const StaleMs = 600;
const SubscriptionsMax = 128;
const ChannelCharsMax = 255;
const FarTooLarge = 4 * 1024 * 1024;

const channel = 'chat:reactions';
const channelCommands = ['subscribe', 'unsubscribe', 'publish', 'presence', 'presence_stats', 'history'];
const withChannel = (method, name) => ({ id: 2, [method]: { channel: name, ...(method === 'publish' ? { data: {} } : {}) } });

for (const [host, args] of Object.entries(hosts)) {
  describe(`reactions to wrong commands, on the ${host}`, { timeout: 60_000 }, () => {
    let server;
    let impatient;

    before(async () => {
      const timing = ['--ping-interval-ms', PingIntervalMs, '--pong-timeout-ms', PongTimeoutMs, '--stale-ms', StaleMs];
      server = await startServer({ args });
      impatient = await startServer({ args: [...args, ...timing.map(String)] });
    });
    after(() => Promise.all([server?.stop(), impatient?.stop()]));

    /** Sends the frame on a new connection, connected or not, and expects the close. */
    async function frameCloses(frame, code, { connected = true } = {}) {
      const client = await (connected ? WireClient.connected(server.wire) : WireClient.open(server.wire));
      client.sendText(typeof frame === 'string' ? frame : JSON.stringify(frame));
      await client.isClosedWith(code);
    }

    async function commandFails(command, code) {
      const client = await WireClient.connected(server.wire);
      const reply = await client.ask(command);
      assert.equal(reply.error?.code, code, JSON.stringify(reply));
      assert.notEqual(reply.error.message ?? '', '');
      // An error concerns its command only.
      assert.ok((await client.ask({ id: 99, subscribe: { channel: 'chat:after-error' } })).subscribe);
      client.close();
    }

    test('a command before connect closes 3501', () => frameCloses(withChannel('subscribe', channel), 3501, { connected: false }));
    test('an empty command before connect closes 3501', () => frameCloses('{}', 3501, { connected: false }));
    test('a second connect closes 3501', () => frameCloses({ id: 2, connect: {} }, 3501));

    test('two connects in one frame: the first is answered, the second closes 3501', async () => {
      const client = await WireClient.open(server.wire);
      client.send({ id: 1, connect: {} }, { id: 2, connect: {} });
      assert.ok((await client.reply()).connect);
      await client.isClosedWith(3501);
    });

    test('a pong without a ping closes 3501', () => frameCloses('{}', 3501));
    test('id 0 with a method other than send is taken for a pong and closes 3501', () =>
      frameCloses({ subscribe: { channel } }, 3501));

    test('a second pong for one ping closes 3501', async () => {
      const client = await WireClient.connected(impatient.wire, { answersPings: false });
      await client.ping();
      client.sendText('{}\n{}');
      await client.isClosedWith(3501);
    });

    test('an id without a method closes 3501', () => frameCloses({ id: 2 }, 3501));
    test('a method that nobody knows closes 3501', () => frameCloses({ id: 2, teleport: {} }, 3501));
    test('the ping command closes 3501', () => frameCloses({ id: 2, ping: {} }, 3501));

    for (const [what, frame] of [
      ['half a command', '{"id":2,"subscribe":{"channel":"chat:a"'],
      ['no JSON at all', 'hello'],
      ['an array', '[]'],
      ['a string', '"subscribe"'],
      ['a field of the wrong kind', '{"id":"two","subscribe":{"channel":"chat:a"}}'],
      ['a command within a command of the wrong kind', '{"id":2,"subscribe":"chat:a"}'],
      ['an empty line between commands', '{"id":2,"presence":{"channel":"chat:a"}}\n\n{"id":3,"presence":{"channel":"chat:a"}}'],
    ]) {
      test(`an undecodable frame (${what}) closes 3501`, async () => {
        const client = await WireClient.connected(server.wire);
        client.sendText(frame);
        await client.isClosedWith(3501);
      });
    }

    test('an empty frame closes 3501', () => frameCloses('', 3501));
    test('an empty frame before connect closes 3501', () => frameCloses('', 3501, { connected: false }));

    test('no connect within the stale delay closes 3502', async () => {
      const client = await WireClient.open(impatient.wire);
      await client.isClosedWith(3502);
    });

    for (const method of channelCommands) {
      test(`${method} with an empty channel closes 3501`, () => frameCloses(withChannel(method, ''), 3501));
    }

    for (const method of channelCommands.filter((name) => name !== 'unsubscribe')) {
      test(`${method} with a channel over the length limit answers 107`, () =>
        commandFails(withChannel(method, `chat:${'x'.repeat(ChannelCharsMax)}`), 107));
      test(`${method} with a channel outside ASCII answers 107`, () => commandFails(withChannel(method, 'chat:café'), 107));
      test(`${method} with a space in the channel answers 107`, () => commandFails(withChannel(method, 'chat:a b'), 107));
      test(`${method} in an unknown namespace answers 102`, () => commandFails(withChannel(method, 'nowhere:a'), 102));
    }

    test('the longest allowed channel is taken', async () => {
      const client = await WireClient.connected(server.wire);
      const longest = `chat:${'x'.repeat(ChannelCharsMax - 'chat:'.length)}`;
      assert.ok((await client.ask(withChannel('subscribe', longest))).subscribe);
      client.close();
    });

    test('subscribing twice answers 105, also within one frame', async () => {
      const client = await WireClient.connected(server.wire);
      client.send({ id: 2, subscribe: { channel } }, { id: 3, subscribe: { channel } });
      const replies = new Map((await client.replies(2)).map((reply) => [reply.id, reply]));
      assert.ok(replies.get(2).subscribe);
      assert.equal(replies.get(3).error.code, 105);
      assert.equal((await client.ask({ id: 4, subscribe: { channel } })).error.code, 105);
      client.close();
    });

    test(`the subscription after ${SubscriptionsMax} answers 106, and the first are kept`, async () => {
      const client = await WireClient.connected(server.wire);
      for (let number = 0; number < SubscriptionsMax; number++) {
        assert.ok((await client.ask({ id: 2 + number, subscribe: { channel: `chat:many-${number}` } })).subscribe);
      }
      const refused = await client.ask({ id: 500, subscribe: { channel: 'chat:one-too-many' } });
      assert.equal(refused.error?.code, 106);
      assert.ok((await client.ask({ id: 501, unsubscribe: { channel: 'chat:many-0' } })).unsubscribe);
      assert.ok((await client.ask({ id: 502, subscribe: { channel: 'chat:one-too-many' } })).subscribe);
      client.close();
    });

    test('unsubscribe from a channel never subscribed succeeds, empty', async () => {
      const client = await WireClient.connected(server.wire);
      assert.deepEqual(await client.ask({ id: 2, unsubscribe: { channel } }), { id: 2, unsubscribe: {} });
      client.close();
    });

    test('a frame over the size limit closes 1009', () =>
      frameCloses({ id: 2, publish: { channel, data: 'x'.repeat(FarTooLarge) } }, 1009));

    test('a missing pong closes 3012', async () => {
      const client = await WireClient.connected(impatient.wire, { answersPings: false });
      await client.isClosedWith(3012);
    });

    test('a client that answers its pings stays', async () => {
      const client = await WireClient.connected(impatient.wire, { answersPings: false });
      for (let ping = 0; ping < 3; ping++) {
        await client.ping();
        client.send({});
      }
      assert.ok((await client.ask(withChannel('subscribe', channel))).subscribe);
      client.close();
    });

    test('send closes 3508', () => frameCloses({ send: { data: {} } }, 3508));

    test('rpc answers 108 or 104', async () => {
      const client = await WireClient.connected(server.wire);
      const { error } = await client.ask({ id: 2, rpc: { method: 'sum', data: [1, 2] } });
      assert.ok([104, 108].includes(error?.code), JSON.stringify(error));
      client.close();
    });

    test('a token, when the server has no key to check it with, closes 3500', () =>
      frameCloses({ id: 1, connect: { token: 'a.b.c' } }, 3500, { connected: false }));
  });
}
