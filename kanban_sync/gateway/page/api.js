// Asks the gateway. What goes wrong is an error whose words tell a person what to do.

export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

const LONGEST = 4000;

export const READ_ONLY = 'Your token may only read. Sign out, and sign in with one that may write.';

// What the names of problems mean to a person who looks at the board; for others their detail does.
const WORDS = {
  'no-token': () => 'This is no token of this project, or it was taken back.',
  scope: () => READ_ONLY,
  held: ({ agent }, { key, status }) =>
    `${isolated(agent)} is at work on this. Ask them to give it back, or set it all the same with ` +
    `kanban-sync task set ${quoted(key)} --status ${status} --force.`,
  'unknown-task': () => 'There is no such task any more.',
  busy: () => 'The task database is busy or away. Try again in a moment.',
  full: () => 'Too many look at the board at the moment. Try again in a moment.',
  setup: ({ detail }) => `Nothing was changed: ${detail}`,
  bug: () => 'Something went wrong that nobody foresaw; where kanban-sync serve runs, it says more.',
};

// Words of others turn nothing around that stands beside them: first strong isolate, and its end.
export const isolated = (words) => `\u2068${words}\u2069`;

// As a shell takes it, without a mark that nobody sees: the command can be copied.
const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

function words(status, problem, of) {
  const kind = String(problem.type ?? '').replace('urn:kanban-sync:', '');
  return WORDS[kind]?.(problem, of) ?? problem.detail ?? `The gateway answered ${status}.`;
}

// What was read last from a path, with the tag that stands for it: the same is not sent again.
const kept = new Map();

async function ask(method, path, { body, headers = {}, of = {}, isKept = false } = {}) {
  const sent = { ...headers };
  const before = isKept && kept.get(path);
  if (before) sent['If-None-Match'] = before.tag;
  if (body !== undefined) sent['Content-Type'] = 'application/json';
  let answer;
  let data;
  try {
    answer = await fetch(path, {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-cache',
    });
    if (before && answer.status === 304) return before.data;
    data = await answer.json();
  } catch {
    const why = answer ? 'broke off in the middle of its answer' : 'does not answer';
    throw new Refused(answer?.ok === false ? answer.status : 0, `The gateway ${why}. Is kanban-sync serve still running?`);
  }
  if (!answer.ok) throw new Refused(answer.status, words(answer.status, data, of));
  if (isKept) kept.set(path, { tag: answer.headers.get('ETag'), data });
  return data;
}

const at = (key) => `/api/tasks/${encodeURIComponent(key)}`;

// Sent again after a lost answer, a write with the same key counts once.
const once = () => ({ 'Idempotency-Key': crypto.randomUUID?.() ?? String(Math.random()) });

export const signIn = (token) =>
  ask('POST', '/api/session', { headers: { Authorization: `Bearer ${token}` } });
export const signOut = () => ask('DELETE', '/api/session');
export const project = () => ask('GET', '/api/project');
export const session = () => ask('GET', '/api/session');

// The columns, their cards in one list, a mark of the order of all cards, and the newest event; of
// some tasks only the cards that show them, unless an address that names them is too long for what
// may stand between.
export async function board(keys = []) {
  const wanted = keys.map((key) => `key=${encodeURIComponent(key)}`).join('&');
  const isWhole = !wanted || wanted.length > LONGEST;
  const path = isWhole ? '/api/board' : `/api/board?${wanted}`;
  const { columns, layout, last } = await ask('GET', path, { isKept: isWhole });
  return { columns, layout, last, isWhole, cards: columns.flatMap((column) => column.cards) };
}

export const missions = async () => (await ask('GET', '/api/missions', { isKept: true })).missions;
export const task = (key) => ask('GET', at(key));
export const setStatus = (key, status) =>
  ask('PATCH', at(key), { body: { status }, headers: once(), of: { key, status } });
