-- Whether an account's principals get no web identity tokens: 1 for none. They do until somebody says otherwise.

ALTER TABLE accounts ADD COLUMN web_identity_off INTEGER NOT NULL DEFAULT 0;
