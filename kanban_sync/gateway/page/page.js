// Puts the page together: signs in, draws the board, follows it, and carries out what a person does.

import * as api from './api.js';
import { CardPage, follows } from './card_page.js';
import { beside, statusName } from './cards.js';
import { Changes } from './changes.js';
import { Columns } from './columns.js';
import { follow } from './live.js';
import { Missions } from './missions.js';
import { Reading } from './reading.js';

const SLOW = 150;
const MINUTE = 60_000;

const byId = (id) => document.getElementById(id);
const columns = new Columns(byId('board'), byId('jump'));
const reading = new Reading({ some: drawSome, all: drawAll, state: (problem) => state('reading', problem && 'lost', problem) });
const changes = new Changes({
  send: (key, status) => signedIn(() => api.setStatus(key, status)),
  shown: (key) => reading.some(columns.showing(key)),
  settled: () => cardPage.redraw(),
});
const cardPage = new CardPage({ set, asked: (key) => changes.asked(key) });
const missions = new Missions(byId('missions'), {
  read: () => signedIn(() => api.missions()),
  failed: (problem) => tell(problem.message),
  titleOf: (key) => columns.cards.get(key)?.title,
  nameOf: (status) => statusName(status, columns.columns),
  open,
});
let carried = '';

// Told until the person does something else, whatever others do meanwhile.
function tell(words = '') {
  byId('told').hidden = !words;
  for (const id of ['told-words', 'task-problem']) byId(id).textContent = words;
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
    dialog.querySelector('form').onsubmit = async (event) => {
      event.preventDefault();
      byId('sign-in-problem').textContent = '';
      try {
        await enter(await api.signIn(byId('token').value.trim()));
      } catch (problem) {
        byId('sign-in-problem').textContent = problem.message;
        return;
      }
      byId('token').value = '';
      asking = undefined;
      dialog.close();
      state('session');
      resolve();
    };
    askAgain();
  });
  return asking;
}

function askAgain() {
  byId('sign-in-again').hidden = true;
  byId('sign-in').showModal();
}

// A dialog can always be left; the way back stays.
byId('sign-in').addEventListener('close', () => {
  if (!asking) return;
  state('session', 'lost', { words: 'not signed in' });
  byId('sign-in-again').hidden = false;
  byId('sign-in-again').focus();
});
byId('sign-in-again').addEventListener('click', askAgain);

byId('sign-out').addEventListener('click', async () => {
  try {
    await api.signOut();
  } catch (problem) {
    if (problem.status !== 401) return tell(problem.message);
  }
  // What was shown to one is not left for the next.
  location.reload();
});

async function enter({ name, scope }) {
  const project = await api.project();
  document.title = `${project.name} · board`;
  byId('project').textContent = project.name;
  byId('who').textContent = scope === 'write' ? name : `${name} (may only read)`;
  byId('sign-out').hidden = false;
  columns.allow(scope === 'write');
}

// --- drawing -----------------------------------------------------------------------------------

async function drawAll() {
  return drawWhole(await signedIn(() => api.board()));
}

async function drawWhole(board) {
  columns.show(board);
  await drawn();
  return board.last;
}

// A box that is gone is told by the card that shows it so far.
async function drawSome(keys) {
  const asked = [...new Set(keys.flatMap((key) => [key, ...columns.showing(key)]))];
  const board = await signedIn(() => api.board(asked));
  if (board.isWhole) return drawWhole(board);
  if (!columns.update(asked, board)) return undefined;
  await drawn();
  return board.last;
}

async function drawn() {
  drawings += 1;
  found();
  await missions.draw([...columns.cards.values()]);
  if (cardPage.isOpen) await look(cardPage.key, () => cardPage.isOpen);
}

function found(count = columns.narrow(byId('search').value)) {
  byId('found').textContent = columns.search ? `${count} of ${columns.cards.size}` : '';
}

let looks = 0;
let drawings = 0;

// Shows a card's page, unless another one is wanted by the time that all is known; and once more if
// the board was drawn anew meanwhile, which nobody told a page that was not open yet.
async function look(key, isWanted = () => true) {
  const number = ++looks;
  for (let before = -1; before !== drawings && isWanted(); isWanted = () => cardPage.isOpen) {
    before = drawings;
    const card = columns.cards.get(key);
    if (!card) return cardPage.gone();
    // A card that stands for a heading is no task of its own.
    const task = card.status ? await signedIn(() => api.task(key)) : null;
    if (number !== looks || !isWanted()) return;
    cardPage.show(card, task, { canWrite: columns.canWrite, columns: columns.columns });
  }
}

// --- what a person does ------------------------------------------------------------------------

async function set(key, status) {
  tell();
  try {
    return await changes.set(key, status);
  } catch (problem) {
    tell(problem.message);
    return false;
  }
}

async function move(key, column) {
  const card = columns.cards.get(key);
  if (!card || !column || placed(card) === column.id) return;
  const why = !columns.canWrite ? api.READ_ONLY : card.editable ? '' : follows(card);
  if (why) {
    tell(`${api.isolated(card.title)}: ${why}`);
  } else if (await set(key, column.id)) {
    say(`${card.title} moved to ${column.name}`);
  }
}

// The column in which a card stands, or will once what was asked for is done.
function placed(card) {
  const asked = changes.asked(card.key);
  return columns.listAt(asked) ? asked : card.column;
}

async function open(key) {
  tell();
  try {
    await look(key);
  } catch (problem) {
    tell(problem.message);
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
    found();
    columns.focus(columns.stop);
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
  const shown = columns.cards.get(card.dataset.key);
  if (isMove || key === '[' || key === ']') {
    const step = isMove ? SIDES[key] : key === ']' ? 1 : -1;
    move(shown.key, beside(columns.columns, placed(shown), step));
    return true;
  }
  const { column } = shown;
  const list = columns.shown(columns.listAt(column));
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
    const list = columns.shown(columns.listAt(next.id));
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
  typing = setTimeout(found, SLOW);
});
byId('filter').addEventListener('submit', (event) => {
  event.preventDefault();
  found();
  goTo();
});
byId('keys').addEventListener('click', () => byId('help').showModal());
byId('told-close').addEventListener('click', () => {
  tell();
  byId('board').focus();
});
byId('jump').addEventListener('click', ({ target }) => {
  if (target.dataset.to) columns.goTo(target.dataset.to);
});
// The focus goes back to where it was before, unless that is gone.
cardPage.closed = () => {
  const { activeElement: focused, body } = document;
  if (focused === body || byId('task').contains(focused)) columns.focus(cardPage.key);
};

// --- living on ---------------------------------------------------------------------------------

const states = new Map([['stream', { name: 'waiting', words: 'connecting' }]]);

// Tells how the page is: what is wrong with a part comes before how the events come in.
function state(part, name, problem) {
  if (name) states.set(part, { name, words: problem.words ?? 'cannot read the board, trying again', why: problem.message });
  else states.delete(part);
  const told = states.get('session') ?? states.get('reading') ?? states.get('stream');
  byId('live').dataset.state = told.name;
  byId('live').textContent = told.words;
  byId('live').title = told.why ?? '';
}

// What came, went or was moved in the files changes the order of all.
function heard(last, { kind, key, data }) {
  reading.heard = last;
  if (key) reading.some([key]);
  else if (kind === 'roadmap_updated' && data.moved) reading.all();
}

function lost(last) {
  reading.heard = last;
  return reading.all();
}

for (;;) {
  try {
    await enter(await signedIn(() => api.session()));
    break;
  } catch (problem) {
    state('reading', 'lost', problem);
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}
await reading.all();
follow(reading.last, { heard, state: (name, words) => state('stream', name, { words }), lost });
setInterval(() => columns.tick(), MINUTE);
