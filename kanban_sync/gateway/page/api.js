// Asks the gateway. What goes wrong is an error whose words tell what to do.

export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

async function ask(method, path, { body, headers = {} } = {}) {
  const sent = { ...headers };
  if (body !== undefined) sent['Content-Type'] = 'application/json';
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-cache',
    });
  } catch {
    throw new Refused(0, 'The gateway does not answer. Is "kanban-sync serve" still running?');
  }
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const words = [data.detail || `The gateway answered ${answer.status}.`, data.remedy];
    throw new Refused(answer.status, words.filter(Boolean).join(' '));
  }
  return data;
}

const at = (key) => `/api/tasks/${encodeURIComponent(key)}`;

// Sent again after a lost answer, a write with the same key counts once.
const once = () => ({ 'Idempotency-Key': crypto.randomUUID?.() ?? String(Math.random()) });

export const signIn = (token) =>
  ask('POST', '/api/session', { headers: { Authorization: `Bearer ${token}` } });
export const project = () => ask('GET', '/api/project');
export const session = () => ask('GET', '/api/session');

// The columns, their cards in one list, and the newest event; of some tasks only the cards that
// show them.
export async function board(keys = []) {
  const wanted = keys.map((key) => `key=${encodeURIComponent(key)}`).join('&');
  const { columns, last } = await ask('GET', wanted ? `/api/board?${wanted}` : '/api/board');
  return { columns, last, cards: columns.flatMap((column) => column.cards) };
}

export const task = (key) => ask('GET', at(key));
export const setStatus = (key, status) =>
  ask('PATCH', at(key), { body: { status }, headers: once() });
