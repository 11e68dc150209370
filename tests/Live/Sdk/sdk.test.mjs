// The official JavaScript client, in both versions and formats, against both hosts and over TLS.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { startProxy } from '../proxy.mjs';
import { startServer } from '../server.mjs';
import { Inbox, nextEvent } from '../waiting.mjs';
import { carriers, sdks } from './sdks.mjs';

const PingIntervalMs = 1_000;

for (const carrier of carriers) {
  for (const { name, Centrifuge, encode, decode } of sdks) {
    describe(`the npm client ${name}, on ${carrier.name}`, { timeout: 120_000 }, () => {
      let args;
      let server;
      let proxy;
      let clients = [];
      let rooms = 0;

      before(async () => {
        args = [...carrier.args(), '--ping-interval-ms', String(PingIntervalMs)];
        server = await startServer({ args });
        proxy = await startProxy(server.port);
      });
      afterEach(() => {
        clients.forEach((client) => client.disconnect());
        clients = [];
        proxy.mend();
      });
      after(async () => {
        await proxy?.close();
        await server?.stop();
        carrier.end();
      });

      function newClient({ wire = server.wire, ...options } = {}) {
        const client = new Centrifuge(carrier.wireOf(wire),
          { websocket: carrier.WebSocket, minReconnectDelay: 20, maxReconnectDelay: 200, ...options });
        clients.push(client);
        return client;
      }

      async function connect(options) {
        const client = newClient(options);
        const connected = nextEvent(client, 'connected');
        client.connect();
        await connected;
        return client;
      }

      /** A subscription that is there, with everything it has published since in `inbox`. */
      async function subscribe(client, channel, options) {
        const subscription = client.newSubscription(channel, options);
        const inbox = new Inbox();
        subscription.on('publication', (publication) => inbox.put(publication));
        const subscribed = nextEvent(subscription, 'subscribed');
        subscription.subscribe();
        const context = await subscribed;
        return { subscription, inbox, context };
      }

      const newRoom = () => `chat:sdk-${++rooms}`;

      async function publishMany(channel, count) {
        for (let number = 1; number <= count; number++) {
          await server.publish(channel, { number });
        }
      }

      // 64-bit numbers are objects in Protobuf; Number() reads either.
      const numbersOf = (publications) => publications.map(({ data }) => decode(data).number);
      const upTo = (count) => Array.from({ length: count }, (_, index) => index + 1);

      test('connects, with an id of its own', async () => {
        const client = newClient();
        const connected = nextEvent(client, 'connected');
        client.connect();
        const context = await connected;
        assert.match(context.client, /^[0-9a-f-]{36}$/);
        assert.equal(context.transport, 'websocket');
        assert.equal(client.state, 'connected');
      });

      test('subscribes: the position is told, nothing was recovered', async () => {
        const { context } = await subscribe(await connect(), newRoom());
        assert.equal(context.recoverable, true);
        assert.equal(context.positioned, true);
        assert.equal(context.wasRecovering, false);
        assert.equal(context.recovered, false);
        assert.equal(Number(context.streamPosition.offset), 0);
      });

      test('publishes, and everybody receives it with who wrote it', async () => {
        const room = newRoom();
        const ada = await connect({ data: encode({ name: 'Ada' }) });
        const ben = await connect();
        const own = await subscribe(ada, room);
        const other = await subscribe(ben, room);
        await own.subscription.publish(encode({ text: 'Hello' }));
        for (const { inbox } of [own, other]) {
          const publication = await inbox.take();
          assert.deepEqual(decode(publication.data), { text: 'Hello' });
          assert.equal(Number(publication.offset), 1);
          assert.deepEqual(decode(publication.info.connInfo), { name: 'Ada' });
        }
        await ben.publish(room, encode({ text: 'And hello' }));
        assert.deepEqual(decode((await own.inbox.take()).data), { text: 'And hello' });
      });

      test('reads history: a page, since, in reverse, and the position alone', async () => {
        const room = newRoom();
        await publishMany(room, 5);
        const { subscription } = await subscribe(await connect(), room);
        const first = await subscription.history({ limit: 2 });
        assert.deepEqual(numbersOf(first.publications), [1, 2]);
        assert.equal(Number(first.offset), 5);
        const since = { offset: 2, epoch: first.epoch };
        assert.deepEqual(numbersOf((await subscription.history({ limit: 10, since })).publications), [3, 4, 5]);
        assert.deepEqual(numbersOf((await subscription.history({ limit: 3, reverse: true })).publications), [5, 4, 3]);
        const { publications, epoch, offset } = await subscription.history({ limit: 0 });
        assert.deepEqual([publications, epoch, Number(offset)], [[], first.epoch, 5]);
      });

      test('reads presence and its statistics', async () => {
        const room = newRoom();
        const ada = await connect({ data: encode({ name: 'Ada' }) });
        const ben = await connect({ data: encode({ name: 'Ben' }) });
        const { subscription } = await subscribe(ada, room);
        await subscribe(ben, room);
        const { clients: present } = await subscription.presence();
        assert.deepEqual(Object.values(present).map(({ connInfo }) => decode(connInfo).name).sort(), ['Ada', 'Ben']);
        const stats = await subscription.presenceStats();
        assert.equal(stats.numClients, 2);
        assert.equal(stats.numUsers, 1);
      });

      test('hears who joins and who leaves', async () => {
        const room = newRoom();
        const { subscription } = await subscribe(await connect(), room, { joinLeave: true });
        const join = nextEvent(subscription, 'join', ({ info }) => Boolean(info.connInfo?.length ?? info.connInfo) && decode(info.connInfo).name === 'Ben');
        const ben = await connect({ data: encode({ name: 'Ben' }) });
        await subscribe(ben, room);
        const { info } = await join;
        const leave = nextEvent(subscription, 'leave', (context) => context.info.client === info.client);
        ben.disconnect();
        assert.equal(decode((await leave).info.connInfo).name, 'Ben');
      });

      test('loses its connection and recovers every message, once, in order', async () => {
        const room = newRoom();
        const client = await connect({ wire: proxy.wire });
        const { subscription, inbox } = await subscribe(client, room);
        await publishMany(room, 3);
        assert.deepEqual(numbersOf(await inbox.takeMany(3)), upTo(3));

        const lost = nextEvent(client, 'connecting');
        proxy.cut();
        await lost;
        for (let number = 4; number <= 40; number++) {
          await server.publish(room, { number });
        }
        const subscribed = nextEvent(subscription, 'subscribed');
        proxy.mend();
        const context = await subscribed;
        assert.equal(context.wasRecovering, true);
        assert.equal(context.recovered, true);
        assert.equal(Number(context.streamPosition.offset), 3);
        await server.publish(room, { number: 41 });
        assert.deepEqual(numbersOf(await inbox.takeMany(38)), upTo(41).slice(3));
        assert.deepEqual(inbox.drain(), []);
      });

      test('recovers while others keep publishing: no gap, no second copy', async () => {
        const room = newRoom();
        const client = await connect({ wire: proxy.wire });
        const { inbox } = await subscribe(client, room);
        const total = 300;
        const received = [];
        const publishing = publishMany(room, total);
        for (let round = 0; round < 3; round++) {
          received.push(...await inbox.takeMany(10));
          proxy.cut();
          await nextEvent(client, 'connecting');
          proxy.mend();
          await nextEvent(client, 'connected');
        }
        await publishing;
        received.push(...await inbox.takeMany(total - received.length));
        assert.deepEqual(numbersOf(received), upTo(total));
      });

      test('asks for a position that cannot be recovered, and is told', async () => {
        const room = newRoom();
        await publishMany(room, 2);
        const { context, inbox, subscription } = await subscribe(await connect(), room, { since: { offset: 1, epoch: 'other' } });
        assert.equal(context.wasRecovering, true);
        assert.equal(context.recovered, false);
        assert.equal(Number(context.streamPosition.offset), 2);
        await server.publish(room, { number: 3 });
        assert.deepEqual(numbersOf([await inbox.take()]), [3]);
        assert.equal((await subscription.history({ limit: 10 })).publications.length, 3);
      });

      test('stays connected over several pings', async () => {
        const client = await connect();
        let interruptions = 0;
        client.on('connecting', () => interruptions++);
        await new Promise((resolve) => setTimeout(resolve, 3.5 * PingIntervalMs));
        assert.equal(client.state, 'connected');
        assert.equal(interruptions, 0);
      });

      test('unsubscribes and subscribes again at once, many times, and then hears each message once', async () => {
        const room = newRoom();
        const { subscription, inbox } = await subscribe(await connect(), room);
        for (let round = 0; round < 20; round++) {
          subscription.unsubscribe();
          subscription.subscribe();
        }
        await subscription.ready();
        // 5.7.4 takes the reply to its first subscribe for that to its last, and drops what the last one carries: it is
        // ready before it is. The answer to a later command has all of them before it.
        await subscription.presence();
        await publishMany(room, 3);
        assert.deepEqual(numbersOf(await inbox.takeMany(3)), upTo(3));
        assert.deepEqual(inbox.drain(), []);
      });

      test('keeps two channels apart', async () => {
        const client = await connect();
        const [left, right] = [newRoom(), newRoom()];
        const inLeft = await subscribe(client, left);
        const inRight = await subscribe(client, right);
        await publishMany(left, 2);
        await server.publish(right, { number: 100 });
        assert.deepEqual(numbersOf(await inLeft.inbox.takeMany(2)), [1, 2]);
        assert.deepEqual(numbersOf([await inRight.inbox.take()]), [100]);
        assert.deepEqual([...inLeft.inbox.drain(), ...inRight.inbox.drain()], []);
      });

      for (const [what, channel, code] of [
        ['an unknown namespace', 'nowhere:a', 102],
        ['a channel outside every namespace', 'private', 103],
        ['a channel that is too long', `chat:${'x'.repeat(300)}`, 107],
      ]) {
        test(`is refused ${what} with ${code}, to publish and to subscribe`, async () => {
          const client = await connect();
          await assert.rejects(client.publish(channel, encode({})), { code });
          const subscription = client.newSubscription(channel);
          const unsubscribed = nextEvent(subscription, 'unsubscribed');
          subscription.subscribe();
          assert.equal((await unsubscribed).code, code);
          assert.equal(client.state, 'connected');
        });
      }

      test('is refused a subscription with a token that nobody can check, with 103', async () => {
        const subscription = (await connect()).newSubscription(newRoom(), { token: 'a.b.c' });
        const unsubscribed = nextEvent(subscription, 'unsubscribed');
        subscription.subscribe();
        assert.equal((await unsubscribed).code, 103);
      });

      test('is told of a shutdown, returns to the new process, and learns that its position is lost', async () => {
        const room = newRoom();
        const client = await connect();
        const { subscription, inbox } = await subscribe(client, room);
        await publishMany(room, 2);
        await inbox.takeMany(2);

        const connecting = nextEvent(client, 'connecting');
        assert.equal(await server.stop(), 0);
        assert.equal((await connecting).code, 3001);

        const subscribed = nextEvent(subscription, 'subscribed');
        server = await startServer({ args, port: server.port });
        const context = await subscribed;
        assert.equal(context.wasRecovering, true);
        assert.equal(context.recovered, false);
        await server.publish(room, { number: 3 });
        assert.deepEqual(numbersOf([await inbox.take()]), [3]);
      });
    });
  }
}
