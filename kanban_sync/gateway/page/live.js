// Hears of events, and goes on after the last one that was heard when the connection was lost.

const AGAIN = 2000;

// Calls `heard` with the number of an event and the event, `state` with how the connection is, and
// `lost` with the number from which it goes on when some events were left out; that resolves once
// all is drawn anew. EventSource resumes by itself; it gives up only on an answer that is an error.
export function follow(since, { heard, state, lost }) {
  let last = since;

  function open() {
    const source = new EventSource(`/api/events/stream?since=${last}`);
    source.onopen = () => state('live', 'live');
    source.onmessage = (message) => {
      last = Number(message.lastEventId) || last;
      heard(last, JSON.parse(message.data));
    };
    source.addEventListener('resume', (message) => {
      last = Number(message.lastEventId);
      lost(last);
    });
    source.onerror = () => {
      state('lost', 'connection lost, trying again');
      // Whoever has to sign in again is asked once, however long that takes.
      if (source.readyState === EventSource.CLOSED) lost(last).then(() => setTimeout(open, AGAIN));
    };
  }

  open();
}
