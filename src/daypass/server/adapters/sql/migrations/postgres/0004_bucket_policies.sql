-- The policies of buckets. A bucket that is released, and perhaps claimed by another account, leaves none behind.

CREATE TABLE bucket_policies (
    bucket TEXT COLLATE "C" PRIMARY KEY REFERENCES buckets (name) ON DELETE CASCADE,
    document TEXT COLLATE "C" NOT NULL
);
