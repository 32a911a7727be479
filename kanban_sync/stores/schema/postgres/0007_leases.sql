-- Which clone may write to a board, told by its target id, until when (seconds since 1970, by this
-- server's clock; 0 where it was given up). The token grows each time that a board is given to
-- somebody; after_lapse tells whether whoever had it before did not give it up.
CREATE TABLE leases (
    target TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    clone TEXT COLLATE "C" NOT NULL,
    place TEXT COLLATE "C" NOT NULL,
    token BIGINT NOT NULL,
    expires DOUBLE PRECISION NOT NULL,
    after_lapse BOOLEAN NOT NULL
);
