// Hears of events, and goes on after the last one that was heard when the connection was lost.

const PAUSE = 60;
const AGAIN = 2000;

// Calls `changed` with the keys of what changed, gathered for a moment, and `state` with how the
// connection is. EventSource resumes by itself; it gives up only on an answer that is an error.
export function follow(since, { changed, state, lost }) {
  let last = since;
  let keys = new Set();
  let timer = 0;
  let source;

  function tell() {
    timer = 0;
    const told = keys;
    keys = new Set();
    changed([...told]);
  }

  function hear(message) {
    last = Number(message.lastEventId) || last;
    const { key } = JSON.parse(message.data);
    if (!key) return;
    keys.add(key);
    timer ||= setTimeout(tell, PAUSE);
  }

  function open() {
    source = new EventSource(`/api/events/stream?since=${last}`);
    source.onopen = () => state('live', 'live');
    source.onmessage = hear;
    // More happened than the stream could hold: what is shown is drawn anew.
    source.addEventListener('resume', (message) => {
      last = Number(message.lastEventId);
      lost();
    });
    source.onerror = () => {
      state('lost', 'connection lost, trying again');
      if (source.readyState === EventSource.CLOSED) {
        // Whoever has to sign in again is asked once, however long that takes.
        lost().finally(() => setTimeout(open, AGAIN));
      }
    };
  }

  open();
}
