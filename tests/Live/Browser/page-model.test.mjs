// The demo page's own bookkeeping, without a browser.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cleanName, toMessage } from '../../../src/Sluice.Server/Demo/page/message.js';
import { Outbox } from '../../../src/Sluice.Server/Demo/page/outbox.js';
import { People } from '../../../src/Sluice.Server/Demo/page/people.js';
import { toRoomName } from '../../../src/Sluice.Server/Demo/page/settings.js';
import { Transcript } from '../../../src/Sluice.Server/Demo/page/transcript.js';

const message = (offset) => ({ kind: 'message', offset });
const drawn = (transcript) => transcript.items.map(({ kind, offset }) => (kind === 'break' ? '|' : offset)).join(' ');

function transcriptWith(...offsets) {
  const transcript = new Transcript();
  transcript.follow('epoch');
  offsets.forEach((offset) => transcript.add(message(offset)));
  return transcript;
}

describe('the transcript', () => {
  test('keeps the order of offsets, whatever order they arrive in', () => {
    assert.equal(drawn(transcriptWith(4, 5, 1, 2, 3, 6)), '1 2 3 4 5 6');
  });

  test('shows each offset once and says where it put it', () => {
    const transcript = transcriptWith(1, 3);
    assert.equal(transcript.add(message(2)), 1);
    assert.equal(transcript.add(message(2)), -1);
    assert.equal(transcript.add(message(1)), -1);
    assert.equal(drawn(transcript), '1 2 3');
  });

  test('a break that everything came for is recovered', () => {
    const transcript = transcriptWith(1, 2);
    const { mark } = transcript.breakOff(0);
    [3, 4, 5].forEach((offset) => transcript.add(message(offset)));
    assert.deepEqual(transcript.settle(4), [mark]);
    assert.deepEqual([mark.outcome, mark.count], ['recovered', 2]);
    assert.equal(drawn(transcript), '1 2 | 3 4 5');
  });

  test('a break that some did not come for is missed, by how many', () => {
    const transcript = transcriptWith(1, 2);
    const { mark } = transcript.breakOff(0);
    [8, 9].forEach((offset) => transcript.add(message(offset)));
    transcript.settle(9);
    assert.deepEqual([mark.outcome, mark.count], ['missed', 5]);
  });

  test('after another epoch offsets begin anew below, and what was lost is unknown', () => {
    const transcript = transcriptWith(1, 2);
    const { mark } = transcript.breakOff(0);
    transcript.follow('another');
    [1, 2].forEach((offset) => transcript.add(message(offset)));
    transcript.settle(2);
    assert.deepEqual([mark.outcome, mark.count], ['missed', null]);
    assert.equal(drawn(transcript), '1 2 | 1 2');
  });

  test('two breaks before either could be settled are each judged by their own part', () => {
    const transcript = transcriptWith(1);
    const first = transcript.breakOff(0).mark;
    transcript.add(message(2));
    transcript.add(message(3));
    const second = transcript.breakOff(0).mark;
    transcript.add(message(4));
    transcript.settle(4);
    assert.deepEqual([first.count, second.count], [2, 1]);
  });

  test('a break with nothing behind it goes on as the same one', () => {
    const transcript = transcriptWith(1);
    assert.equal(transcript.breakOff(0).isNew, true);
    assert.equal(transcript.breakOff(0).isNew, false);
    transcript.settle(1);
    assert.equal(transcript.breakOff(0).isNew, false);
    assert.equal(drawn(transcript), '1 |');
  });

  test('an old message that arrives late stands above the break', () => {
    const transcript = transcriptWith(1, 3);
    transcript.breakOff(0);
    transcript.add(message(2));
    transcript.add(message(4));
    assert.equal(drawn(transcript), '1 2 3 | 4');
  });

  test('expired messages are not missed: the position counts, not what is shown', () => {
    const transcript = transcriptWith();
    transcript.reach(57);
    const { mark } = transcript.breakOff(0);
    transcript.add(message(58));
    transcript.settle(58);
    assert.deepEqual([mark.outcome, mark.count], ['recovered', 1]);
  });

  test('the oldest go when there are too many', () => {
    const transcript = transcriptWith();
    let trimmed = 0;
    for (let offset = 1; offset <= 2_500; offset++) {
      transcript.add(message(offset));
      trimmed += transcript.trim();
    }
    assert.equal(trimmed, 500);
    assert.equal(transcript.items[0].offset, 501);
  });
});

describe('who is here', () => {
  const info = (client, name) => ({ client, connInfo: { name } });

  test('a join and a leave that overtake the list are not undone by it', () => {
    const people = new People();
    people.ask();
    people.join(info('b', 'Ben'));
    people.leave(info('c', 'Cleo'));
    people.answer({ a: info('a', 'Ada'), c: info('c', 'Cleo') });
    assert.deepEqual(people.list('a'), [{ name: 'Ada', count: 1, you: true }, { name: 'Ben', count: 1, you: false }]);
  });

  test('one name with two pages is one line', () => {
    const people = new People();
    people.answer({ a: info('a', 'Ada'), b: info('b', 'Ada') });
    assert.deepEqual(people.list('x'), [{ name: 'Ada', count: 2, you: false }]);
  });
});

describe('what was not yet sent', () => {
  test('leaves when its own publication is seen, and only then', () => {
    const outbox = new Outbox();
    const letter = outbox.write('Hello');
    assert.equal(outbox.seen('another'), false);
    assert.equal(outbox.seen(null), false);
    assert.deepEqual(outbox.waiting(), [letter]);
    assert.equal(outbox.seen(letter.id), true);
    assert.deepEqual(outbox.letters, []);
  });
});

describe('what strangers write', () => {
  for (const [data, text] of [
    [{ text: 'Hello' }, 'Hello'],
    ['plain', 'plain'],
    [{ text: 5 }, '{"text":5}'],
    [null, 'null'],
    [undefined, ''],
    [[1, 2], '[1,2]'],
  ]) {
    test(`data ${JSON.stringify(data)} reads "${text}"`, () => {
      assert.equal(toMessage({ data, offset: 1 }).text, text);
    });
  }

  test('a time that is none is not shown', () => {
    for (const at of ['now', -1, 1.5, 1e300, {}]) {
      assert.equal(toMessage({ data: { text: '', at }, offset: 1 }).at, null);
    }
    assert.equal(toMessage({ data: { text: '', at: 5 }, offset: 1 }).at, 5);
  });

  test('a name is one line of bounded length, without control characters', () => {
    assert.equal(cleanName('  Ada \n\u202e Lovelace\u0000 '), 'Ada Lovelace');
    assert.equal(cleanName('x'.repeat(1_000)).length, 40);
    assert.equal(toMessage({ data: 'x', offset: 1, info: { client: 'c', connInfo: { name: ['no'] } } }).author, 'Someone');
  });

  test('a room is what a channel may be called', () => {
    assert.equal(toRoomName('Upper Basin!'), 'upper-basin');
    assert.equal(toRoomName("'; rm -rf / #"), 'rm--rf');
    assert.equal(toRoomName('***'), null);
  });
});
