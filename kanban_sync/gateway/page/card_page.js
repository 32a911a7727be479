// One card with all there is to know of it: its boxes, what it depends on, its history, its place.

import { statusName } from './cards.js';
import { made, worded } from './made.js';

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

// Why the status of a card is not set by hand.
export const follows = (card) => `This card follows ${card.follows}: tick them instead.`;

const byId = (id) => document.getElementById(id);

export class CardPage {
  // `set` sets the status of a key; `asked` tells the one that was asked for and is not shown yet.
  constructor({ set, asked }) {
    this.set = set;
    this.asked = asked;
    this.dialog = byId('task');
    this.key = '';
    this.status = '';
    this.columns = [];
    byId('close').addEventListener('click', () => this.dialog.close());
    byId('task-move').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#set(this.key, byId('status').value);
    });
    byId('status').addEventListener('change', () => this.#mark());
    byId('status').addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      byId('task-move').requestSubmit();
    });
    byId('boxes').addEventListener('change', ({ target }) =>
      this.#set(target.value, target.checked ? 'done' : 'todo'),
    );
    this.dialog.addEventListener('close', () => this.closed());
  }

  closed() {}

  get isOpen() {
    return this.dialog.open;
  }

  // `task` is null for a card that stands for a heading. What a person has chosen and not set yet
  // stays chosen while the same card is drawn anew, and what is marked stays while all is the same.
  show(card, task, { canWrite, columns }) {
    const drawn = [card, task, { canWrite, columns }];
    if (this.isOpen && JSON.stringify(drawn) === JSON.stringify(this.drawn)) return;
    this.#draw(drawn);
  }

  #draw(drawn) {
    const [card, task, { canWrite, columns }] = drawn;
    const chosen = this.isOpen && this.key === card.key && this.isChosen ? byId('status').value : '';
    this.drawn = drawn;
    this.key = card.key;
    this.columns = columns;
    byId('task-title').textContent = card.title || card.key;
    this.#move(card, canWrite, chosen);
    this.#facts(card, task);
    this.#boxes(card, canWrite);
    byId('body').hidden = !task?.body;
    byId('body').querySelector('.text').textContent = task?.body ?? '';
    this.#relate('waits', task?.dependencies ?? []);
    this.#relate('needed', task?.needed_by ?? []);
    this.#history(task?.history ?? []);
    if (!this.dialog.open) this.dialog.showModal();
  }

  // Shows what counts by now of what was asked for: what was refused goes back.
  redraw() {
    if (this.isOpen && this.drawn) this.#draw(this.drawn);
  }

  // The card is on the board no more: nothing of it can be set.
  gone() {
    this.drawn = undefined;
    byId('why-not').textContent = 'This card is no longer on the board.';
    for (const each of this.dialog.querySelectorAll('select, input, #set')) each.disabled = true;
    if (this.dialog.open && document.activeElement === document.body) byId('close').focus();
  }

  get isChosen() {
    return byId('status').value !== this.status;
  }

  #move(card, canWrite, chosen) {
    const status = byId('status');
    this.status = this.asked(card.key) ?? card.status ?? card.column;
    const known = SETTABLE.includes(this.status) ? SETTABLE : [this.status, ...SETTABLE];
    const isSame = status.length === known.length && known.every((each, at) => status[at].value === each);
    if (!isSame) {
      status.replaceChildren(...known.map((each) => new Option(statusName(each, this.columns), each)));
    }
    status.value = chosen || this.status;
    status.disabled = !canWrite || !card.editable;
    byId('why-not').textContent = !canWrite ? 'Your token may only read.' : card.editable ? '' : follows(card);
    this.#mark();
  }

  // The button can be pressed once something else is chosen. It stays in the order of Tab: focus on
  // it is not lost when all is done.
  #mark() {
    byId('set').hidden = byId('status').disabled;
    byId('set').disabled = false;
    byId('set').setAttribute('aria-disabled', String(!this.isChosen));
  }

  #facts(card, task) {
    const place = task?.path ? [['Place', `${task.path}${task.line ? `:${task.line}` : ''}`]] : [];
    const told = Object.entries(NAMES).map(([name, text]) => [text, (task ?? card)[name]]);
    const labels = card.labels.length ? [['Labels', ...card.labels]] : [];
    const fields = Object.entries(task?.fields ?? {});
    const rows = [...told, ...labels, ...place, ...fields].filter(([, value]) => value);
    byId('facts').replaceChildren(
      ...rows.map(([name, ...values]) => {
        const row = made('div');
        const value = made('dd');
        value.append(...joined(values.map((each) => worded('bdi', String(each)))));
        row.append(worded('dt', name), value);
        return row;
      }),
    );
  }

  #boxes(card, canWrite) {
    const section = byId('boxes');
    section.hidden = !card.boxes.length;
    const focused = section.contains(document.activeElement) ? document.activeElement.value : '';
    const parts = [];
    let list;
    for (const [at, box] of card.boxes.entries()) {
      if (!list || box.group !== card.boxes[at - 1].group) {
        if (box.group) parts.push(worded('h4', box.group));
        list = made('ul');
        parts.push(list);
      }
      list.append(this.#box(box, canWrite));
    }
    section.querySelector('div').replaceChildren(...parts);
    if (focused) section.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
  }

  #box(box, canWrite) {
    const item = made('li');
    const label = made('label');
    const input = made('input');
    const asked = this.asked(box.key);
    input.type = 'checkbox';
    input.value = box.key;
    input.checked = asked ? asked === 'done' : box.done;
    input.disabled = !canWrite;
    label.append(input, worded('span', box.title));
    item.append(label);
    return item;
  }

  // Lists other tasks with their status in a section; one that is not known has no key.
  #relate(id, tasks) {
    byId(id).hidden = !tasks.length;
    byId(id).querySelector('ul').replaceChildren(
      ...tasks.map(({ name, key, title, status }) => {
        const item = made('li');
        const word = key ? statusName(status, this.columns) : 'unknown';
        item.append(worded('bdi', key ? title || key : name), `: ${word}`);
        return item;
      }),
    );
  }

  #history(history) {
    byId('history').hidden = !history.length;
    byId('history').querySelector('ul').replaceChildren(
      ...history.toReversed().map((event) => told(event, this.columns)),
    );
  }

  #set(key, status) {
    if (key === this.key) {
      if (!this.isChosen) return;
      this.status = status;
      this.#mark();
    }
    this.set(key, status);
  }
}

const joined = (parts) => parts.flatMap((part, at) => (at ? [', ', part] : [part]));

// An event in one line.
function told({ at, kind, data }, columns) {
  const name = (status) => statusName(String(status), columns);
  const when = new Date(at * 1000).toLocaleString();
  const change = data.new && `${data.old ? `${name(data.old)} → ` : ''}${name(data.new)}`;
  const who = data.who ?? data.agent ?? '';
  const fields = Array.isArray(data.fields) ? data.fields.join(', ') : '';
  const words = [
    kind.replaceAll('_', ' '),
    change || (data.status && name(data.status)),
    fields,
    who && `by ${who}`,
    data.reason,
  ];
  const line = made('li', `${when}: `);
  line.append(...joined(words.filter(Boolean).map((each) => worded('bdi', each))));
  return line;
}
