/** Kills a command with `kill -9` in its last step: just before what it has written gets its name. */
const HOOK = `import fs from 'node:fs'
  import promises from 'node:fs/promises'
  import { syncBuiltinESMExports } from 'node:module'
  for (const [owner, name] of [[fs, 'renameSync'], [promises, 'rename']]) {
    const rename = owner[name]
    owner[name] = (from, to) =>
      from.endsWith('.part') ? process.kill(process.pid, 'SIGKILL') : rename(from, to)
  }
  syncBuiltinESMExports()`

/** The environment of such a command. */
export const KILLED = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(HOOK)}` }
