// Keeps what is shown as new as what was heard: one read at a time, so that no answer overtakes
// another, and what could not be read is read again.

const PAUSE = 60;
const AGAIN = 2000;

// So many changes at once are read one by one; more than that, and all is read anew.
const MOST = 50;

const pause = (length) => new Promise((resolve) => setTimeout(resolve, length));

export class Reading {
  // `some` reads and draws the cards of keys, `all` everything. Both tell the newest event that the
  // answer holds; `some` tells nothing where that does not suffice. `state` is told a problem, or
  // that there is none.
  constructor({ some, all, state }) {
    this.read = { some, all };
    this.state = state;
    this.keys = new Set();
    this.isAll = false;
    this.heard = 0;
    this.last = 0;
    this.work = undefined;
  }

  // Both resolve once all that is wanted has been drawn.
  some(keys) {
    for (const key of keys) this.keys.add(key);
    return this.#begin();
  }

  all() {
    this.isAll = true;
    return this.#begin();
  }

  #begin() {
    this.work ??= this.#run();
    return this.work;
  }

  async #run() {
    while (this.keys.size || this.isAll) {
      if (!this.isAll) await pause(PAUSE);
      const keys = [...this.keys];
      const isAll = this.isAll || keys.length > MOST;
      this.keys = new Set();
      this.isAll = false;
      try {
        const last = isAll ? await this.read.all() : await this.read.some(keys);
        if (last < this.heard) throw new Error('The answer was older than the news.');
        if (last === undefined) this.isAll = true;
        else this.last = last;
        this.state();
      } catch (problem) {
        for (const key of keys) this.keys.add(key);
        this.isAll ||= isAll;
        this.state(problem);
        await pause(AGAIN);
      }
    }
    this.work = undefined;
  }
}
