export const byId = (id) => document.getElementById(id);

/** Text goes in as text: nothing on this page is ever parsed as markup. */
export function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) {
    node.className = className;
  }
  if (text !== undefined) {
    node.textContent = text;
  }
  return node;
}

/** The same name has the same colour everywhere; FNV-1a, because it is short. */
export function hueOf(name) {
  let hash = 0x811c9dc5;
  for (const character of name) {
    hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193);
  }
  return (hash >>> 0) % 360;
}
