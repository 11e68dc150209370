const TextCharsMax = 8_000;
const NameCharsMax = 40;

/**
 * One publication as the page shows it: `{kind, offset, id, author, text, at}`.
 * Everything in `data` was written by a stranger, so every field is checked and nothing is ever taken for markup.
 * `author` is null when the publication came over the HTTP API, which has no client behind it; `at` is null when
 * nobody knows when it was written.
 */
export function toMessage(publication, arrivedAt = null) {
  const { data } = publication;
  const fields = data !== null && typeof data === 'object' ? data : {};
  return {
    kind: 'message',
    offset: publication.offset,
    id: typeof fields.id === 'string' ? fields.id : null,
    author: publication.info ? nameOf(publication.info) : null,
    text: textOf(data, fields).slice(0, TextCharsMax),
    at: isTime(fields.at) ? fields.at : arrivedAt,
  };
}

/** The name a client gave when it connected, cut to a length that a line can carry. */
export function nameOf(info) {
  const name = info.connInfo?.name;
  return typeof name === 'string' && name.trim() !== '' ? cleanName(name) : 'Someone';
}

export function cleanName(name) {
  return [...name.replace(/[\p{C}\s]+/gu, ' ').trim()].slice(0, NameCharsMax).join('');
}

function textOf(data, fields) {
  if (typeof fields.text === 'string') {
    return fields.text;
  }
  return typeof data === 'string' ? data : JSON.stringify(data) ?? '';
}

function isTime(value) {
  return Number.isSafeInteger(value) && value > 0 && value <= 8.64e15;
}
