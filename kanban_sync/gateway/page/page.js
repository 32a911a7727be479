// Puts the page together: signs in, draws the board, follows it, and carries out what a person does.

import * as api from './api.js';
import { CardPage, follows } from './card_page.js';
import { beside } from './cards.js';
import { Columns } from './columns.js';
import { follow } from './live.js';

const SLOW = 150;

// So many changes at once are asked for one by one; more than that, and all is drawn anew.
const MOST = 50;

const byId = (id) => document.getElementById(id);
const columns = new Columns(byId('board'));
const cardPage = new CardPage(set);
let carried = '';

function tell(problem) {
  byId('told').textContent = problem?.message ?? '';
  byId('told').hidden = !problem;
}

// For those who hear the page.
function say(words) {
  byId('said').textContent = words;
}

// --- signing in --------------------------------------------------------------------------------

async function signedIn(act) {
  for (;;) {
    try {
      return await act();
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      await askForToken();
    }
  }
}

let asking;

function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = byId('sign-in');
    const form = dialog.querySelector('form');
    dialog.oncancel = (event) => event.preventDefault();
    form.onsubmit = async (event) => {
      event.preventDefault();
      try {
        await api.signIn(byId('token').value.trim());
      } catch (problem) {
        byId('sign-in-problem').textContent = problem.message;
        return;
      }
      byId('token').value = '';
      dialog.close();
      asking = undefined;
      resolve();
    };
    dialog.showModal();
  });
  return asking;
}

// --- drawing -----------------------------------------------------------------------------------

async function draw() {
  const [{ scope }, { name }, board] = await signedIn(() =>
    Promise.all([api.session(), api.project(), api.board()]),
  );
  document.title = `${name} · board`;
  byId('project').textContent = name;
  columns.allow(scope === 'write');
  columns.show(board);
  narrow();
  return board.last;
}

function narrow() {
  const count = columns.narrow(byId('search').value);
  byId('found').textContent = byId('search').value.trim() ? `${count} of ${columns.cards.size}` : '';
}

async function changed(keys) {
  try {
    if (keys.length > MOST) {
      await draw();
    } else {
      const { cards } = await signedIn(() => api.board(keys));
      columns.update(keys, cards);
      narrow();
      keys = [...keys, ...cards.map((card) => card.key)];
    }
    if (keys.includes(cardPage.key)) await open(cardPage.key, () => cardPage.isOpen);
    tell();
  } catch (problem) {
    tell(problem);
  }
}

// --- what a person does ------------------------------------------------------------------------

async function set(key, status) {
  await signedIn(() => api.setStatus(key, status));
  tell();
}

async function move(key, column) {
  const card = columns.cards.get(key);
  if (!card || !column || card.column === column.id) return;
  if (!card.editable) {
    say(follows(card));
    tell(new Error(`${card.title}: ${follows(card)}`));
    return;
  }
  if (!columns.canWrite) {
    tell(new Error('Your token may only read; sign in with one that may write.'));
    return;
  }
  try {
    await set(key, column.id);
    say(`${card.title} moved to ${column.name}`);
  } catch (problem) {
    tell(problem);
  }
}

// Opens a card's page, unless it is no longer wanted by the time that all is known.
async function open(key, isWanted = () => true) {
  const card = columns.cards.get(key);
  if (!card) return;
  try {
    // A card that stands for a heading is no task of its own.
    const task = card.status ? await signedIn(() => api.task(key)) : null;
    if (isWanted()) cardPage.show(card, task, columns.canWrite);
  } catch (problem) {
    tell(problem);
  }
}

const cardAt = (target) => target.closest?.('.card');

byId('board').addEventListener('click', ({ target }) => {
  const card = cardAt(target);
  if (card) open(card.dataset.key);
});

byId('board').addEventListener('dragstart', (event) => {
  const card = cardAt(event.target);
  if (!card) return;
  carried = card.dataset.key;
  card.classList.add('carried');
  event.dataTransfer.effectAllowed = 'move';
  event.dataTransfer.setData('text/plain', carried);
});

byId('board').addEventListener('dragend', ({ target }) => {
  cardAt(target)?.classList.remove('carried');
  over();
  carried = '';
});

byId('board').addEventListener('dragover', (event) => {
  const column = event.target.closest?.('.column');
  if (!carried || !column) return;
  event.preventDefault();
  over(column);
});

byId('board').addEventListener('drop', (event) => {
  const column = event.target.closest?.('.column');
  if (!carried || !column) return;
  event.preventDefault();
  over();
  move(carried, columns.columns.find((each) => each.id === column.dataset.column));
});

function over(column) {
  for (const each of document.querySelectorAll('.column.over')) each.classList.remove('over');
  column?.classList.add('over');
}

// --- by keyboard -------------------------------------------------------------------------------

const STEPS = { ArrowUp: -1, k: -1, ArrowDown: 1, j: 1 };
const SIDES = { ArrowLeft: -1, h: -1, ArrowRight: 1, l: 1 };

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  const inSearch = event.target === byId('search');
  if (inSearch && event.key === 'Escape') {
    byId('search').value = '';
    narrow();
    goTo();
  } else if (!inSearch && event.key === '/') {
    byId('search').focus();
  } else if (!inSearch && event.key === '?') {
    byId('help').showModal();
  } else if (inSearch ? event.key !== 'ArrowDown' : !goes(event)) {
    return;
  } else if (inSearch) {
    goTo();
  }
  event.preventDefault();
});

// Tells whether a key led somewhere.
function goes(event) {
  const card = cardAt(document.activeElement ?? document.body);
  const { key } = event;
  const isMove = event.shiftKey && key in SIDES;
  if (!card) {
    if (!(key in STEPS || key in SIDES) || event.target.closest('button, select, input')) return false;
    goTo();
    return true;
  }
  const { column } = columns.cards.get(card.dataset.key);
  if (isMove || key === '[' || key === ']') {
    const step = isMove ? SIDES[key] : key === ']' ? 1 : -1;
    move(card.dataset.key, beside(columns.columns, column, step));
    return true;
  }
  const list = columns.shown(columns.lists.get(column));
  const at = list.indexOf(card);
  if (key in STEPS) goTo(list[at + STEPS[key]] ?? card);
  else if (key === 'Home') goTo(list[0]);
  else if (key === 'End') goTo(list.at(-1));
  else if (key in SIDES) goTo(across(column, SIDES[key], at) ?? card);
  else return false;
  return true;
}

// The card at the same height in the next column that shows one.
function across(column, step, at) {
  for (let next = beside(columns.columns, column, step); next; next = beside(columns.columns, next.id, step)) {
    const list = columns.shown(columns.lists.get(next.id));
    if (list.length) return list[Math.min(at, list.length - 1)];
  }
  return undefined;
}

function goTo(card) {
  const first = card ?? [...document.querySelectorAll('.card')].find((each) => !each.hidden);
  if (first) columns.focus(first.dataset.key);
}

let typing = 0;
byId('search').addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(narrow, SLOW);
});
byId('filter').addEventListener('submit', (event) => {
  event.preventDefault();
  narrow();
  goTo();
});
byId('keys').addEventListener('click', () => byId('help').showModal());
cardPage.closed = () => columns.focus(cardPage.key);

// --- living on ---------------------------------------------------------------------------------

function state(name, words) {
  byId('live').dataset.state = name;
  byId('live').textContent = words;
}

try {
  const last = await draw();
  follow(last, { changed, state, lost: () => draw().catch(tell) });
} catch (problem) {
  tell(problem);
  state('lost', 'not connected');
}
