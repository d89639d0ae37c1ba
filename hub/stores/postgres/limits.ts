/** How long a connection, or what is read, may take: inside the two seconds that a site waits for its hub. */
export const READ_MS = 1000

/** How long a change of the schema waits for whoever uses a table, while all hubs wait behind it. An autovacuum gives way after a second. */
export const TABLE_MS = 3000

/** How long the server keeps a transaction whose client says nothing any more: one that stands still, or whose machine is gone. */
export const SILENT_MS = 30_000
