// One card with all there is to know of it: its boxes, what it depends on, its history, its place.

import { made } from './made.js';

const NAMES = {
  key: 'Key',
  source: 'Source',
  priority: 'Priority',
  assignee: 'Assigned to',
  agent: 'Claimed by',
  branch: 'On branch',
  parent: 'Part of',
  group: 'Heading',
  reason: 'Reason',
};

const SETTABLE = ['backlog', 'todo', 'in_progress', 'blocked', 'review', 'done', 'failed', 'cancelled'];

const READ_ONLY = 'Your token may only read.';
// Why the status of a card is not set by hand.
export const follows = (card) => `This card follows ${card.follows}: tick them instead.`;

const byId = (id) => document.getElementById(id);

export class CardPage {
  // `set` sets the status of a key and resolves when that is done.
  constructor(set) {
    this.set = set;
    this.dialog = byId('task');
    this.key = '';
    byId('close').addEventListener('click', () => this.dialog.close());
    byId('status').addEventListener('change', () => this.#set(this.key, byId('status').value));
    byId('boxes').addEventListener('change', ({ target }) =>
      this.#set(target.value, target.checked ? 'done' : 'todo'),
    );
    this.dialog.addEventListener('close', () => this.closed());
  }

  closed() {}

  get isOpen() {
    return this.dialog.open;
  }

  // `task` is null for a card that stands for a heading.
  show(card, task, canWrite) {
    this.key = card.key;
    byId('task-title').textContent = card.title || card.key;
    byId('task-problem').textContent = '';
    this.#move(card, canWrite);
    this.#facts(card, task);
    this.#boxes(card, canWrite);
    byId('body').hidden = !task?.body;
    byId('body').querySelector('.text').textContent = task?.body ?? '';
    relate('waits', task?.dependencies ?? []);
    relate('needed', task?.needed_by ?? []);
    this.#history(task?.history ?? []);
    if (!this.dialog.open) this.dialog.showModal();
  }

  #move(card, canWrite) {
    const status = byId('status');
    const now = card.status ?? card.column;
    const known = SETTABLE.includes(now) ? SETTABLE : [now, ...SETTABLE];
    status.replaceChildren(...known.map((each) => new Option(each, each)));
    status.value = now;
    status.disabled = !canWrite || !card.editable;
    byId('why-not').textContent = !card.editable ? follows(card) : canWrite ? '' : READ_ONLY;
  }

  #facts(card, task) {
    const place = task?.path ? [['Place', `${task.path}${task.line ? `:${task.line}` : ''}`]] : [];
    const told = Object.entries(NAMES).map(([name, text]) => [text, (task ?? card)[name]]);
    const labels = [['Labels', card.labels.join(', ')]];
    const fields = Object.entries(task?.fields ?? {});
    const rows = [...told, ...labels, ...place, ...fields].filter(([, value]) => value);
    byId('facts').replaceChildren(
      ...rows.map(([name, value]) => {
        const row = made('div');
        row.append(made('dt', name), made('dd', String(value)));
        return row;
      }),
    );
  }

  #boxes(card, canWrite) {
    const section = byId('boxes');
    section.hidden = !card.boxes.length;
    const focused = document.activeElement?.value;
    section.querySelector('ul').replaceChildren(
      ...card.boxes.map((box) => {
        const item = made('li');
        const label = made('label');
        const input = made('input');
        input.type = 'checkbox';
        input.value = box.key;
        input.checked = box.done;
        input.disabled = !canWrite;
        label.append(input, made('span', box.title));
        item.append(label);
        return item;
      }),
    );
    if (focused) section.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
  }

  #history(history) {
    byId('history').hidden = !history.length;
    byId('history').querySelector('ol').replaceChildren(
      ...history.toReversed().map((event) => made('li', told(event))),
    );
  }

  async #set(key, status) {
    try {
      await this.set(key, status);
    } catch (problem) {
      byId('task-problem').textContent = problem.message;
    }
  }
}

// Lists other tasks with their status in a section; one that is not known has no key.
function relate(id, tasks) {
  byId(id).hidden = !tasks.length;
  byId(id).querySelector('ul').replaceChildren(
    ...tasks.map(({ name, key, title, status }) =>
      made('li', key ? `${title || key}: ${status}` : `${name}: unknown`),
    ),
  );
}

// An event in one line.
function told({ at, kind, data }) {
  const when = new Date(at * 1000).toLocaleString();
  const change = data.new ? `${data.old ? `${data.old} → ` : ''}${data.new}` : '';
  const who = data.who ?? data.agent ?? '';
  const fields = Array.isArray(data.fields) ? data.fields.join(', ') : '';
  const words = [kind.replaceAll('_', ' '), change || data.status, fields, who && `by ${who}`, data.reason];
  return `${when}: ${words.filter(Boolean).join(', ')}`;
}
