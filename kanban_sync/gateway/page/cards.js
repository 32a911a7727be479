// What can be told of cards without a page: which fit a search, what a status is
// called, where one may go, how old one is.

const FIELDS = {
  '#': (card) => card.labels,
  '@': (card) => [card.assignee, card.agent ?? ''],
  'branch:': (card) => [card.branch],
  'source:': (card) => [card.source],
  'status:': (card) => [card.status ?? ''],
};

// Each word of a search has to fit; one that begins with a field's mark looks there alone.
export function fits(card, search) {
  return search
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .every((word) => fitsWord(card, word));
}

function fitsWord(card, word) {
  for (const [mark, values] of Object.entries(FIELDS)) {
    if (word.length > mark.length && word.startsWith(mark)) {
      const wanted = word.slice(mark.length);
      return values(card).some((value) => value.toLowerCase().includes(wanted));
    }
  }
  const words = [card.title, card.key, card.assignee, card.agent ?? '', card.branch, ...card.labels];
  return words.some((value) => value.toLowerCase().includes(word));
}

// What a card tells in red.
export const GRAVE = ['blocked', 'failed'];

const OTHERS = { blocked: 'Blocked', failed: 'Failed', cancelled: 'Cancelled', orphaned: 'Gone from its file' };

// A status as people call it: as its column, where it has one of its own.
export function statusName(status, columns) {
  return columns.find(({ id }) => id === status)?.name ?? OTHERS[status] ?? status;
}

// The column beside one, or none at the edge.
export function beside(columns, id, step) {
  const at = columns.findIndex((column) => column.id === id);
  return at < 0 ? undefined : columns[at + step];
}

const UNITS = [['y', 31_536_000], ['mo', 2_592_000], ['d', 86_400], ['h', 3600], ['min', 60]];

// How long ago seconds since 1970 were, in one short word.
export function age(then, now) {
  const seconds = Math.max(0, now - then);
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit}`;
  }
  return 'now';
}
