-- Which clone may write to a board, told by its target id, until when (seconds since 1970, by this
-- server's clock). The token grows each time that a board is given to somebody.
CREATE TABLE leases (
    target TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    clone TEXT COLLATE "C" NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    token BIGINT NOT NULL,
    expires DOUBLE PRECISION NOT NULL
);
