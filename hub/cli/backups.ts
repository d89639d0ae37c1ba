/** `session-hub store backup` and `store restore`. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { type Command, readArguments, UsageError } from './command.js'
import { readConfig } from './config.js'
import { shown, writing } from './files.js'

export const storeBackup: Command = {
  help: `Usage: session-hub store backup <file> --config <file>

Copies the SQLite database, as it is at one moment, to a new file. The hub may keep running. The command checks the
copy and makes it readable by its owner only. PostgreSQL and Redis have their own tools: for them, the command names
the tool and fails.

Options:
  --config <file>  the configuration of "session-hub serve"

Example:
  session-hub store backup sessions-2026-11-28.sqlite --config hub.json
`,
  async run(args, name) {
    const { values, positionals } = readArguments(name, args, { config: { type: 'string' } }, ['<file>'])
    const [file = ''] = positionals
    const { path, where } = await databaseOf(name, values.config, backupTools)
    if (!existsSync(path)) throw wrong(where, `"store": ${shown(path)} is not there yet`)
    const { backUp } = await import('../stores/sqlite/backup.js')
    const target = resolve(file)
    const sessions = await writing(target, target, (isTakenOver) => backUp(path, target, isTakenOver))
    process.stdout.write(`${shown(target)} holds ${counted(sessions)}.\n`)
  },
}

export const storeRestore: Command = {
  help: `Usage: session-hub store restore <file> --config <file>

Replaces the SQLite database with a backup. Stop the hub first: the command refuses while a hub has the database
open. It keeps the previous database beside the new one. The endings get a new epoch, so that every site asks the
hub again about each session.

Options:
  --config <file>  the configuration of "session-hub serve"

Example:
  session-hub store restore sessions-2026-11-28.sqlite --config hub.json
`,
  async run(args, name) {
    const { values, positionals } = readArguments(name, args, { config: { type: 'string' } }, ['<file>'])
    const [file = ''] = positionals
    const { path } = await databaseOf(name, values.config, restoreTools)
    const { restore } = await import('../stores/sqlite/backup.js')
    const { sessions, replaced } = await writing(path, path, (isTakenOver) =>
      restore(resolve(file), path, isTakenOver),
    )
    const before = replaced === undefined ? '' : ` The previous database is ${shown(replaced)}.`
    process.stdout.write(
      `${shown(path)} holds ${counted(sessions)}, with a new epoch.${before}\n` +
        'Sessions that were ended after the backup are live again: end them once more.\n',
    )
  },
}

const counted = (sessions: number) => (sessions === 1 ? '1 session' : `${sessions} sessions`)

/** Each server has its own tools. The password of the address stays where it is, in the environment. */
interface Tools {
  readonly postgres: string
  readonly redis: string
}

const backupTools: Tools = {
  postgres:
    'PostgreSQL is backed up by its own tools: pg_dump --format=custom --schema=session_hub --file=<file> "$SESSION_HUB_STORE"',
  redis:
    'Redis is backed up by its own files: redis-cli -u "$SESSION_HUB_STORE" BGSAVE, and copy dump.rdb from its "dir" when LASTSAVE has moved; ' +
    'or copy the folder "appendonlydir" as the page on Redis says',
}
const restoreTools: Tools = {
  postgres:
    'PostgreSQL is restored by its own tools, and "session-hub store restored" after it: pg_restore --clean --if-exists --single-transaction --dbname="$SESSION_HUB_STORE" <file>',
  redis:
    'Redis is restored by its own files, and "session-hub store restored" after it: stop the server, put the folder "appendonlydir" back into its "dir" ' +
    '(of an RDB file alone, start it once without the append-only file, as the page on Redis says), and start it',
}

async function databaseOf(name: string, config: string | undefined, tools: Tools) {
  if (config === undefined) throw new UsageError(`"${name}" needs "--config <file>"`, name)
  const { file: where, store } = await readConfig(resolve(config), process.env)
  if (store.isMemory) throw wrong(where, '"store" keeps nothing: there is nothing to back up')
  if (store.path !== undefined) return { path: store.path, where }
  if (store.engine === undefined)
    throw wrong(
      where,
      '"store" is made in code: back up the database behind it with that database’s own tools',
    )
  throw wrong(where, `"store": ${tools[store.engine]}`)
}
