// Carries out what a person sets: one request at a time, and of one task the last choice.

export class Changes {
  // `send` resolves once the status of a key is set, `shown` once its card is drawn after that;
  // `settled` is called then, or when it was refused.
  constructor({ send, shown, settled }) {
    this.send = send;
    this.shown = shown;
    this.settled = settled;
    this.waiting = new Map();
    this.underway = new Map();
    this.isAtWork = false;
  }

  // The status that was asked for and is not shown yet.
  asked(key) {
    return (this.waiting.get(key) ?? this.underway.get(key))?.status;
  }

  // Resolves to whether it was set: a later choice for the same task takes its place.
  set(key, status) {
    this.waiting.get(key)?.resolve(false);
    this.waiting.delete(key);
    return new Promise((resolve, reject) => {
      this.waiting.set(key, { status, resolve, reject });
      this.#work();
    });
  }

  async #work() {
    if (this.isAtWork) return;
    this.isAtWork = true;
    // Goes on with what is added meanwhile.
    for (const [key, change] of this.waiting) {
      this.waiting.delete(key);
      this.underway.set(key, change);
      try {
        await this.send(key, change.status);
        this.shown(key).then(() => this.#forget(key, change));
        change.resolve(true);
      } catch (problem) {
        this.#forget(key, change);
        change.reject(problem);
      }
    }
    this.isAtWork = false;
  }

  #forget(key, change) {
    if (this.underway.get(key) === change) this.underway.delete(key);
    this.settled();
  }
}
