// Draws the columns with their cards, each card once; what did not change is not touched.

import { age, fits } from './cards.js';
import { made } from './made.js';

const now = () => Date.now() / 1000;

// Made once: for thousands of cards a formatter each takes longer than all else.
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export class Columns {
  constructor(place) {
    this.place = place;
    this.columns = [];
    this.cards = new Map();
    this.elements = new Map();
    this.lists = new Map();
    this.counts = new Map();
    this.search = '';
    this.canWrite = false;
  }

  // Draws everything anew.
  show({ columns, cards }) {
    this.columns = columns;
    this.cards = new Map(cards.map((card, place) => [card.key, { ...card, place }]));
    this.elements.clear();
    this.lists.clear();
    this.counts.clear();
    const drawn = columns.map((column) => this.#column(column));
    for (const card of this.cards.values()) this.#put(card);
    this.place.replaceChildren(...drawn);
    this.place.setAttribute('aria-busy', 'false');
    this.#count();
  }

  // Draws some cards anew: those of `keys` that are not among `cards` are gone.
  update(keys, cards) {
    const focused = document.activeElement?.closest?.('.card')?.dataset.key;
    const places = new Map([...this.cards].map(([key, card]) => [key, card.place]));
    for (const key of new Set([...keys, ...cards.map((card) => card.key)])) {
      this.elements.get(key)?.remove();
      this.elements.delete(key);
      this.cards.delete(key);
    }
    for (const card of cards) {
      const placed = { ...card, place: places.get(card.key) ?? Infinity };
      this.cards.set(card.key, placed);
      this.#put(placed, true);
    }
    this.#count();
    if (focused && document.activeElement === document.body) this.focus(focused);
  }

  // Shows only what fits a search; returns how many do.
  narrow(search) {
    this.search = search;
    for (const [key, element] of this.elements) {
      element.hidden = !fits(this.cards.get(key), search);
    }
    return this.#count();
  }

  allow(canWrite) {
    this.canWrite = canWrite;
  }

  shown(list) {
    return [...list.children].filter((element) => !element.hidden);
  }

  focus(key) {
    const element = this.elements.get(key);
    element?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    element?.querySelector('button').focus();
  }

  listOf(key) {
    return this.lists.get(this.cards.get(key)?.column);
  }

  #column(column) {
    const section = made('section', undefined, 'column');
    const heading = made('h2', column.name);
    const count = made('span');
    const list = made('ul');
    heading.id = `column-${this.lists.size}`;
    section.dataset.column = column.id;
    section.setAttribute('aria-labelledby', heading.id);
    list.setAttribute('role', 'list');
    heading.append(count);
    section.append(heading, list);
    this.lists.set(column.id, list);
    this.counts.set(column.id, count);
    return section;
  }

  #put(card, isNew = false) {
    const list = this.lists.get(card.column);
    if (!list) return;
    const element = this.#card(card);
    element.hidden = !fits(card, this.search);
    if (isNew) {
      element.classList.add('new');
      setTimeout(() => element.classList.remove('new'), 1500);
    }
    this.elements.set(card.key, element);
    // Cards stand in the order in which the gateway tells them, also those that come later.
    const isAfter = (other) => this.cards.get(other.dataset.key)?.place > card.place;
    const after = isNew ? [...list.children].find(isAfter) : undefined;
    if (after) after.before(element);
    else list.append(element);
  }

  #card(card) {
    const element = made('li', undefined, 'card');
    element.dataset.key = card.key;
    element.draggable = this.canWrite && card.editable;
    const button = made('button');
    button.type = 'button';
    button.append(made('span', card.title || card.key, 'title'));
    button.append(this.#under(card));
    element.append(button);
    return element;
  }

  #under(card) {
    const under = made('span', undefined, 'under');
    if (card.status === 'blocked' || card.status === 'failed') {
      const grave = made('span', card.status, 'label');
      grave.dataset.grave = '';
      under.append(grave);
    }
    const { done, total } = card.progress;
    if (total) {
      const bar = made('progress');
      bar.max = total;
      bar.value = done;
      bar.setAttribute('aria-label', 'done');
      under.append(bar, made('span', `${done}/${total}`));
    }
    for (const label of card.labels) under.append(made('span', label, 'label'));
    const who = card.agent ?? card.assignee;
    if (who) under.append(made('span', `@${who}`, 'assignee'));
    if (card.branch) under.append(made('span', `on ${card.branch}`, 'branch'));
    if (card.updated_at) {
      const time = made('time', age(card.updated_at, now()));
      time.dateTime = new Date(card.updated_at * 1000).toISOString();
      time.title = MOMENT.format(card.updated_at * 1000);
      under.append(time);
    }
    return under;
  }

  #count() {
    let every = 0;
    for (const [id, list] of this.lists) {
      const all = list.children.length;
      const shown = this.search ? this.shown(list).length : all;
      every += shown;
      this.counts.get(id).textContent = shown === all ? String(all) : `${shown} of ${all}`;
    }
    return every;
  }
}
