-- With which hashes there is nothing to do on a card (core/settled.py), '' where that takes more.
ALTER TABLE bases ADD COLUMN settled TEXT COLLATE "C" NOT NULL DEFAULT '';
