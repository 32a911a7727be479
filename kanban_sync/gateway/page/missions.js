// How far the missions are: their milestones, and what is done for each at the moment.

import { GRAVE } from './cards.js';
import { made, worded } from './made.js';

export class Missions {
  // `read` gives the missions, `failed` is told why it does not; `titleOf` gives the title of a
  // card, nothing where the board shows none, `nameOf` what a status is called; `open` opens a page.
  constructor(place, { read, failed, titleOf, nameOf, open }) {
    this.place = place;
    this.read = read;
    this.titleOf = titleOf;
    this.nameOf = nameOf;
    this.shown = '';
    this.looks = 0;
    place.addEventListener('toggle', () => this.draw().catch(failed));
    place.addEventListener('click', ({ target }) => {
      const { key } = target.closest('button')?.dataset ?? {};
      if (key) open(key);
    });
  }

  // Is there to be opened only where there are any.
  async draw(cards) {
    if (cards) this.place.hidden = !cards.some(({ source }) => source === 'mission');
    if (this.place.hidden || !this.place.open) return;
    const number = ++this.looks;
    const missions = await this.read();
    if (number !== this.looks) return;
    const shown = JSON.stringify(missions.map((each) => [each, this.#titles(each)]));
    if (shown === this.shown) return;
    this.shown = shown;
    const focused = this.place.contains(document.activeElement) ? document.activeElement.dataset.key : '';
    this.place.querySelector('div').replaceChildren(...missions.map((each) => this.#mission(each)));
    if (focused) this.place.querySelector(`button[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  #titles({ milestones }) {
    return milestones.flatMap((each) => keysOf(each).map((key) => this.titleOf(key)));
  }

  #mission(mission) {
    const section = made('section');
    const heading = worded('h3', mission.name || mission.path);
    const list = made('ul');
    heading.append(' ', share(mission));
    list.append(...mission.milestones.map((each) => this.#milestone(each)));
    section.append(heading, list);
    return section;
  }

  #milestone(milestone) {
    const item = made('li');
    const status = made('span', this.nameOf(milestone.status));
    if (GRAVE.includes(milestone.status)) status.className = 'grave';
    item.append(this.#task(milestone.key, milestone.title), ' ', share(milestone), ' ', status);
    const agents = milestone.in_progress.map(({ key, agent }) => [key, agent ? `@${agent}` : '']);
    this.#tasks(item, 'In progress', agents);
    this.#tasks(item, 'Blocked', milestone.blocked.map((key) => [key, '']));
    this.#tasks(item, 'Ready', milestone.ready.map((key) => [key, '']));
    return item;
  }

  #tasks(item, name, tasks) {
    if (!tasks.length) return;
    const line = made('p', `${name}: `);
    for (const [key, who] of tasks) {
      line.append(this.#task(key, key), who ? worded('span', who, 'assignee') : '', ' ');
    }
    item.append(line);
  }

  // A task is opened by its title; one that the board does not show, a step of another, has none.
  #task(key, otherwise) {
    const title = this.titleOf(key);
    if (title === undefined) return worded('bdi', otherwise);
    const button = worded('button', title || key);
    button.type = 'button';
    button.dataset.key = key;
    return button;
  }
}

const keysOf = ({ key, in_progress, blocked, ready }) => [
  key,
  ...in_progress.map((each) => each.key),
  ...blocked,
  ...ready,
];

// How much is done, for eyes and ears.
function share({ done, of }) {
  const span = made('span', undefined, 'share');
  const bar = made('progress');
  bar.max = of || 1;
  bar.value = done;
  bar.setAttribute('aria-hidden', 'true');
  span.append(bar, made('span', `${done} of ${of} done`));
  return span;
}
