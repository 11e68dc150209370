// The shapes of the native wire that client libraries rely on, seen without a library.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hosts, startServer } from '../server.mjs';
import { WireClient } from './wire-client.mjs';

for (const [host, args] of Object.entries(hosts)) {
  describe(`the native wire, on the ${host}`, { timeout: 60_000 }, () => {
    let server;
    let client;

    before(async () => {
      server = await startServer({ args });
      client = await WireClient.connected(server.wire);
    });
    after(() => server?.stop());

    async function publish(channel, count) {
      for (let number = 1; number <= count; number++) {
        await server.publish(channel, { number });
      }
    }

    test('connect is answered with an id, a version and the ping to expect', async () => {
      const fresh = await WireClient.open(server.wire);
      const { id, connect, ...rest } = await fresh.ask({ id: 7, connect: { name: 'js', version: '' } });
      assert.equal(id, 7);
      assert.deepEqual(rest, {});
      assert.match(connect.client, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      assert.equal(typeof connect.version, 'string');
      assert.ok(Number.isInteger(connect.ping) && connect.ping > 0);
      assert.equal(connect.pong, true);
      assert.ok(!('expires' in connect) && !('session' in connect));
      fresh.close();
    });

    test('connect and subscriptions in one frame are all answered, connect first', async () => {
      const fresh = await WireClient.open(server.wire);
      fresh.sendText(`${['a', 'b', 'c'].map((name, index) => JSON.stringify({ subscribe: { channel: `chat:${name}`, flag: 1 }, id: index + 2 }))
        .reduce((frame, command) => `${frame}\n${command}`, '{"connect":{"name":"js"},"id":1}')}\n`);
      const [first, ...others] = await fresh.replies(4);
      assert.ok(first.connect);
      assert.deepEqual(others.map(({ id, subscribe }) => subscribe && id).sort(), [2, 3, 4]);
      fresh.close();
    });

    test('a subscription without a past: recoverable, an epoch, and no zeros', async () => {
      const { subscribe } = await client.ask({ id: 2, subscribe: { channel: 'chat:fresh' } });
      assert.equal(subscribe.recoverable, true);
      assert.equal(subscribe.positioned, true);
      assert.equal(typeof subscribe.epoch, 'string');
      assert.ok(!('offset' in subscribe) && !('publications' in subscribe) && !('recovered' in subscribe));
    });

    test('the publication reaches its publisher too, with who sent it', async () => {
      assert.ok((await client.ask({ id: 3, subscribe: { channel: 'chat:own' } })).subscribe);
      assert.deepEqual(await client.ask({ id: 4, publish: { channel: 'chat:own', data: { text: 'Grüße' } } }), { id: 4, publish: {} });
      const { channel, pub } = await client.push('pub');
      assert.equal(channel, 'chat:own');
      assert.deepEqual(pub.data, { text: 'Grüße' });
      assert.equal(pub.offset, 1);
      assert.equal(pub.info.user, '');
      assert.equal(typeof pub.info.client, 'string');
    });

    test('a subscription is answered before its first publication', async () => {
      const publisher = await WireClient.connected(server.wire);
      for (let round = 0; round < 50; round++) {
        const channel = `chat:first-${round}`;
        const subscriber = await WireClient.connected(server.wire);
        publisher.send({ id: 2 + round, publish: { channel, data: round } });
        subscriber.send({ id: 2, subscribe: { channel } });
        await Promise.all([publisher.reply(), subscriber.reply()]);
        await publisher.ask({ id: 1_000 + round, publish: { channel, data: 'last' } });
        while ((await subscriber.push('pub')).pub.data !== 'last');
        assert.ok(subscriber.log[1].subscribe, JSON.stringify(subscriber.log));
        subscriber.close();
      }
      publisher.close();
    });

    test('a publication over HTTP has no sender, and line breaks in its data do not reach the wire', async () => {
      await client.ask({ id: 5, subscribe: { channel: 'chat:lines' } });
      const { status } = await server.api('publish', '{"channel":"chat:lines",\n"data":{\n  "a": [1,\r\n 2],\n "b": "x\\ny" }\n}');
      assert.equal(status, 200);
      const { pub } = await client.push('pub');
      assert.deepEqual(pub.data, { a: [1, 2], b: 'x\ny' });
      assert.ok(!('info' in pub));
    });

    for (const data of ['0', 'false', '""', '[]', '"text"', '9007199254740993', '1e400', '{"":{}}']) {
      test(`data ${data} arrives as it was written`, async () => {
        const channel = `chat:data-${Buffer.from(data).toString('hex')}`;
        const raw = await WireClient.connected(server.wire);
        await raw.ask({ id: 2, subscribe: { channel } });
        await server.api('publish', `{"channel":"${channel}","data":${data}}`);
        const { pub } = await raw.push('pub');
        assert.deepEqual(pub.data, JSON.parse(data));
        raw.close();
      });
    }

    test('an unsubscribed client hears nothing after the reply', async () => {
      await client.ask({ id: 6, subscribe: { channel: 'chat:gone' } });
      assert.deepEqual(await client.ask({ id: 7, unsubscribe: { channel: 'chat:gone' } }), { id: 7, unsubscribe: {} });
      await server.publish('chat:gone', {});
      assert.ok((await client.ask({ id: 8, presence: { channel: 'chat:gone' } })).presence);
      assert.deepEqual(client.untaken('pub'), []);
    });

    test('a reader that stalls for longer than the channel keeps is told so, and holds up nobody', async () => {
      const channel = 'chat:stalled';
      const filler = 'x'.repeat(50_000);
      const slow = await WireClient.connected(server.wire);
      const quick = await WireClient.connected(server.wire);
      await slow.ask({ id: 2, subscribe: { channel } });
      await quick.ask({ id: 2, subscribe: { channel } });
      slow.pause();
      for (let number = 1; number <= 300; number++) {
        await server.publish(channel, filler);
        assert.equal((await quick.push('pub')).pub.offset, number);
      }
      slow.resume();
      assert.equal((await slow.push('unsubscribe')).unsubscribe.code, 2500);
      const offsets = slow.untaken('pub').map(({ pub }) => pub.offset);
      assert.ok(offsets.length < 300);
      assert.deepEqual(offsets, offsets.map((_, index) => index + 1));
      assert.ok((await slow.ask({ id: 3, subscribe: { channel } })).subscribe, 'it may come back');
      slow.close();
      quick.close();
    });

    test('history of an empty channel writes its publications, epoch and offset all the same', async () => {
      const { history } = await client.ask({ id: 9, history: { channel: 'chat:silent', limit: 10 } });
      assert.deepEqual(history.publications, []);
      assert.equal(history.offset, 0);
      assert.equal(typeof history.epoch, 'string');
    });

    test('presence and its statistics write their zeros', async () => {
      assert.deepEqual((await client.ask({ id: 10, presence: { channel: 'chat:silent' } })).presence, { presence: {} });
      assert.deepEqual((await client.ask({ id: 11, presence_stats: { channel: 'chat:silent' } })).presence_stats,
        { num_clients: 0, num_users: 0 });
    });

    test('connect data becomes conn_info: in presence, in joins and leaves', async () => {
      const channel = 'chat:faces';
      await client.ask({ id: 12, subscribe: { channel, join_leave: true } });
      const ada = await WireClient.open(server.wire);
      const { connect } = await ada.ask({ id: 1, connect: { data: { name: 'Ada' } } });
      await ada.ask({ id: 2, subscribe: { channel } });
      const info = { user: '', client: connect.client, conn_info: { name: 'Ada' } };
      const joins = async () => {
        const push = await client.push('join');
        return push.join.info.client === connect.client ? push : joins();
      };
      assert.deepEqual(await joins(), { channel, join: { info } });
      const { presence } = await client.ask({ id: 13, presence: { channel } });
      assert.deepEqual(presence.presence[connect.client], info);
      ada.terminate();
      assert.deepEqual(await client.push('leave'), { channel, leave: { info } });
    });

    describe('recovery', () => {
      const channel = 'chat:recovery';
      let epoch;
      before(async () => {
        await publish(channel, 5);
        ({ epoch } = (await client.ask({ id: 20, history: { channel } })).history);
      });

      async function recover(position, extra = {}) {
        const fresh = await WireClient.connected(server.wire);
        const reply = await fresh.ask({ id: 2, subscribe: { channel, recover: true, ...position, ...extra } });
        fresh.close();
        return reply;
      }

      test('from the middle: the missed ones, and the offset that was asked from', async () => {
        const { subscribe } = await recover({ epoch, offset: 2 });
        assert.equal(subscribe.recovered, true);
        assert.equal(subscribe.was_recovering, true);
        assert.equal(subscribe.epoch, epoch);
        assert.equal(subscribe.offset, 2);
        assert.deepEqual(subscribe.publications.map(({ offset, data }) => [offset, data.number]), [[3, 3], [4, 4], [5, 5]]);
      });

      test('from the top: recovered, with nothing to bring', async () => {
        const { subscribe } = await recover({ epoch, offset: 5 });
        assert.equal(subscribe.recovered, true);
        assert.equal(subscribe.offset, 5);
        assert.equal(subscribe.publications?.length ?? 0, 0);
      });

      test('from the beginning with no epoch: any epoch will do', async () => {
        const { subscribe } = await recover({});
        assert.equal(subscribe.recovered, true);
        assert.equal(subscribe.publications.length, 5);
      });

      test('more than one reply should carry: the rest follows as pushes, each once, in order', async () => {
        const large = 'chat:large';
        const filler = 'x'.repeat(4_000);
        const count = 100;
        for (let number = 1; number <= count; number++) {
          await server.publish(large, { number, filler });
        }
        const fresh = await WireClient.connected(server.wire);
        const { subscribe } = await fresh.ask({ id: 2, subscribe: { channel: large, recover: true } });
        assert.equal(subscribe.recovered, true);
        const offsets = (subscribe.publications ?? []).map(({ offset }) => offset);
        while (offsets.length < count) {
          offsets.push((await fresh.push('pub')).pub.offset);
        }
        assert.deepEqual(offsets, Array.from({ length: count }, (_, index) => index + 1));
        await server.publish(large, { number: 'live' });
        assert.equal((await fresh.push('pub')).pub.offset, count + 1);
        fresh.close();
      });

      for (const [what, position] of [
        ['another epoch', () => ({ epoch: 'other', offset: 2 })],
        ['a position that was never reached', () => ({ epoch, offset: 999 })],
      ]) {
        test(`from ${what}: not recovered, told the top`, async () => {
          const { subscribe } = await recover(position());
          assert.notEqual(subscribe.recovered, true);
          assert.equal(subscribe.was_recovering, true);
          assert.equal(subscribe.offset, 5);
          assert.equal(subscribe.epoch, epoch);
          assert.equal(subscribe.publications?.length ?? 0, 0);
        });

        test(`from ${what} with the flag that asks for an error: 112`, async () => {
          assert.equal((await recover(position(), { flag: 2 })).error?.code, 112);
        });
      }
    });
  });
}
