/** How long a connection or a read may take: less than the two seconds that a site waits for its hub. */
export const READ_MS = 1000

/** How long a change of the schema waits for the users of a table, while all hubs wait behind it. An autovacuum gives way after a second. */
export const TABLE_MS = 3000

/** How long the server keeps a transaction whose client is silent, because it hangs or its machine is gone. */
export const SILENT_MS = 30_000
