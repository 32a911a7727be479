// Draws the columns with their cards, each card once; what did not change is not touched.

import { age, fits, GRAVE, statusName } from './cards.js';
import { made, worded } from './made.js';

const FRESH = 1500;

const now = () => Date.now() / 1000;

// Made once: for thousands of cards a formatter each takes longer than all else.
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export class Columns {
  constructor(place, jumps) {
    this.place = place;
    this.jumps = jumps;
    this.columns = [];
    this.layout = '';
    this.cards = new Map();
    this.elements = new Map();
    this.sections = new Map();
    this.search = '';
    this.canWrite = false;
    // The key of the one card to which Tab leads: the keys of the board lead on from there.
    this.stop = '';
    place.addEventListener('focusin', ({ target }) => {
      const card = target.closest('.card');
      if (card) this.#stopAt(card);
    });
  }

  // Draws the whole board.
  show({ columns, cards, layout }) {
    const names = (each) => each.map(({ id, name }) => `${id} ${name}`).join('\n');
    if (names(columns) !== names(this.columns)) this.#begin(columns);
    this.layout = layout;
    this.#draw(new Map(cards.map((card) => [card.key, card])));
    this.place.setAttribute('aria-busy', 'false');
  }

  // Draws some cards anew: those of `keys` that are not among `cards` are gone. Tells whether that
  // suffices: what came, went or changed its place among the others needs the whole board.
  update(keys, { cards, layout }) {
    if (layout !== this.layout) return false;
    const all = new Map(this.cards);
    for (const key of keys) all.delete(key);
    for (const card of cards) all.set(card.key, card);
    this.#draw(all);
    return true;
  }

  // The cards that show a task, as one or as a box.
  showing(key) {
    return [...this.cards.values()]
      .filter((card) => card.key === key || card.boxes.some((box) => box.key === key))
      .map((card) => card.key);
  }

  // Shows only what fits a search; returns how many do.
  narrow(search) {
    this.search = search.trim();
    const before = this.#standing();
    for (const [key, element] of this.elements) {
      element.hidden = !fits(this.cards.get(key), this.search);
    }
    this.#settle(before);
    return this.#count();
  }

  allow(canWrite) {
    this.canWrite = canWrite;
    for (const [key, element] of this.elements) this.#carry(element, this.cards.get(key));
  }

  // Tells the ages of all cards as they are by now.
  tick() {
    for (const time of this.place.querySelectorAll('time')) tellAge(time);
  }

  shown(list) {
    return [...list.children].filter((element) => !element.hidden);
  }

  listAt(column) {
    return this.sections.get(column)?.list;
  }

  focus(key, options) {
    const element = this.elements.get(key) ?? this.elements.get(this.stop);
    if (!options?.preventScroll) element?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    (element?.querySelector('button') ?? this.place).focus(options);
  }

  // Brings a column into sight, and the focus to its heading.
  goTo(column) {
    const { heading } = this.sections.get(column);
    heading.parentElement.scrollIntoView({ block: 'nearest', inline: 'start' });
    heading.focus({ preventScroll: true });
  }

  #begin(columns) {
    this.columns = columns.map(({ id, name }) => ({ id, name }));
    this.cards = new Map();
    this.elements.clear();
    this.sections.clear();
    this.place.replaceChildren(...this.columns.map((column) => this.#column(column)));
    this.jumps.replaceChildren(
      ...this.columns.map(({ id, name }) => {
        const jump = made('button', name);
        jump.type = 'button';
        jump.dataset.to = id;
        return jump;
      }),
    );
  }

  #column({ id, name }) {
    const section = made('section', undefined, 'column');
    const heading = made('h2', name);
    const count = made('span');
    const list = made('ul');
    const empty = made('p', undefined, 'empty');
    heading.id = `column-${this.sections.size}`;
    heading.tabIndex = -1;
    section.dataset.column = id;
    section.setAttribute('aria-labelledby', heading.id);
    list.setAttribute('role', 'list');
    // What can be scrolled is no stop of its own.
    list.tabIndex = -1;
    heading.append(count);
    section.append(heading, empty, list);
    this.sections.set(id, { list, count, empty, heading });
    return section;
  }

  // Brings all cards to where they belong; focus and scroll stay with the card that has them.
  #draw(cards) {
    const standing = this.#standing();
    const before = this.cards;
    const isFirst = !before.size;
    this.cards = new Map([...cards].sort(([, one], [, other]) => one.place - other.place));
    const changed = new Set([...this.cards.keys()].filter((key) => !same(before.get(key), cards.get(key))));
    for (const [key, element] of this.elements) {
      if (cards.has(key)) continue;
      element.remove();
      this.elements.delete(key);
    }
    const next = new Map([...this.sections].map(([id, { list }]) => [id, list.firstElementChild]));
    for (const [key, card] of this.cards) {
      const list = this.listAt(card.column);
      if (!list) continue;
      const element = changed.has(key) ? this.#card(card, isFirst) : this.elements.get(key);
      if (element === next.get(card.column)) {
        next.set(card.column, element.nextElementSibling);
      } else {
        // One that goes on elsewhere is no longer what stands next there.
        for (const [id, at] of next) if (at === element) next.set(id, element.nextElementSibling);
        list.insertBefore(element, next.get(card.column));
      }
    }
    this.#count();
    this.#settle(standing);
  }

  // Where the card stands to which Tab leads, and whether it has the focus.
  #standing() {
    const element = this.elements.get(this.stop);
    const list = element?.parentElement;
    const at = list ? this.shown(list).indexOf(element) : -1;
    return { element, list, at, hasFocus: Boolean(element?.contains(document.activeElement)) };
  }

  // Lets Tab lead to that card again, or where it is gone to the one that stands in its place; the
  // focus goes the same way.
  #settle({ element, list, at, hasFocus }) {
    let stays = this.elements.get(this.stop);
    if (!stays || stays.hidden) {
      const left = list?.isConnected ? this.shown(list) : [];
      stays = left[Math.min(at, left.length - 1)] ?? this.#first();
    }
    this.#stopAt(stays);
    if (!hasFocus || stays?.contains(document.activeElement)) return;
    this.focus(this.stop, { preventScroll: stays === element && stays.parentElement === list });
  }

  #first() {
    for (const element of this.place.querySelectorAll('.card')) if (!element.hidden) return element;
    return undefined;
  }

  #stopAt(element) {
    const before = this.elements.get(this.stop);
    if (before) before.firstElementChild.tabIndex = -1;
    if (element) element.firstElementChild.tabIndex = 0;
    this.stop = element?.dataset.key ?? '';
  }

  #card(card, isFirst) {
    const element = this.elements.get(card.key) ?? made('li', undefined, 'card');
    if (!this.elements.has(card.key)) {
      const button = made('button');
      button.type = 'button';
      button.tabIndex = -1;
      element.dataset.key = card.key;
      element.append(button);
      this.elements.set(card.key, element);
    }
    element.firstElementChild.replaceChildren(
      worded('span', card.title || card.key, 'title'),
      this.#under(card),
    );
    element.hidden = !fits(card, this.search);
    this.#carry(element, card);
    if (!isFirst) {
      element.classList.add('new');
      setTimeout(() => element.classList.remove('new'), FRESH);
    }
    return element;
  }

  #carry(element, card) {
    element.draggable = this.canWrite && card.editable;
  }

  #under(card) {
    const under = made('span', undefined, 'under');
    const isGrave = GRAVE.includes(card.status);
    if (isGrave) {
      const grave = made('span', statusName(card.status, this.columns).toLowerCase(), 'label');
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
    // What is told in red already needs no label besides.
    const labels = card.labels.filter((label) => !isGrave || label !== card.status);
    for (const label of labels) under.append(worded('span', label, 'label'));
    const who = card.agent ?? card.assignee;
    if (who) under.append(worded('span', `@${who}`, 'assignee'));
    if (card.branch) under.append(worded('span', `on ${card.branch}`, 'branch'));
    if (card.updated_at) {
      const time = made('time');
      time.dateTime = new Date(card.updated_at * 1000).toISOString();
      time.title = MOMENT.format(card.updated_at * 1000);
      tellAge(time);
      under.append(time);
    }
    return under;
  }

  #count() {
    let every = 0;
    for (const { list, count, empty } of this.sections.values()) {
      const all = list.children.length;
      const shown = this.search ? this.shown(list).length : all;
      every += shown;
      count.textContent = shown === all ? String(all) : `${shown} of ${all}`;
      empty.textContent = all ? 'Nothing fits the search' : 'Nothing here';
      empty.hidden = shown > 0;
    }
    return every;
  }
}

// Whether two cards look the same, wherever they stand among the others of their column.
function same(one, other) {
  if (one === other) return true;
  return Boolean(one) && JSON.stringify({ ...one, place: 0 }) === JSON.stringify({ ...other, place: 0 });
}

function tellAge(time) {
  time.textContent = age(Date.parse(time.dateTime) / 1000, now());
}
