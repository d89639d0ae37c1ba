/** A database file for one sequence, opened again as often as its hub is started again. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { sqliteStore, type Store } from 'session-hub/hub'

/** @param act is given how to open the file once more */
export async function withSqliteFile<Result>(act: (reopen: () => Store) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'session-hub-model-'))
  const opened: Store[] = []
  try {
    return await act(() => {
      const store = sqliteStore(join(folder, 'sessions.db'))
      opened.push(store)
      return store
    })
  } finally {
    for (const store of opened) await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
