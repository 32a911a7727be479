"""A Planka of our own for tests and demos: a real HTTP server that keeps everything in memory.

It answers as Planka 2.1.1 does: the tests send it the recorded exchanges of a real server.
No client of ours comes by the following, and so it is left out:

- routes of webhooks, notifications, settings, uploads, imports and sorting; HEAD and OPTIONS;
- single sign-on other than its refusal, the first login of an administrator for which a fresh
  server waits, and what users may change of themselves;
- a duplicate on another board, and a move of a card with two labels of one name, over which
  Planka trips;
- the 500 for an empty text in place of an id or of one word out of a few, the second complaint
  about one in place of a number, all checks of a stopwatch, the digits of whole numbers above
  2^53, and bodies in other encodings than UTF-8;
- the way in which siblings without a position spoil the placing of others;
- regular expressions that mean something else to PostgreSQL than to Python;
- the order in which Planka makes several labels at once or tells of cards moved in bulk: it
  leaves both to chance.
"""
