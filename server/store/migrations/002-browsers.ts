/** What the browsers room keeps: which processes are ours, and the site profiles people made. */
export const browsers = {
  version: 2,
  name: 'browsers',
  sql: `
    -- Written before a browser is launched (pid still null), so that whatever kills the server, the next start knows what to end
    -- and which folder to remove. The start time tells our process from a later one that was given the same pid.
    CREATE TABLE browser_processes (
      session_id TEXT PRIMARY KEY,
      pid INTEGER,
      process_started_at TEXT,
      profile_dir TEXT NOT NULL,
      owner_pid INTEGER NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE site_profiles (
      name TEXT PRIMARY KEY,
      body TEXT NOT NULL CHECK (json_valid(body)),
      updated_at INTEGER NOT NULL
    ) STRICT;
  `,
}
