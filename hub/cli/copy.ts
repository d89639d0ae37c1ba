/** `session-hub store copy` and `store reopen`. */
import { withFiles } from './environment.js'
import { copyStore } from '../stores/copy/copy.js'
import type { CopyEnd } from '../stores/copy/end.js'
import { day } from '../stores/copy/note.js'
import type { Kind } from '../stores/copy/rows.js'
import { type Command, readArguments, UsageError } from './command.js'
import { createProgress, numeral } from './progress.js'
import { unlessStopped } from './stopped.js'
import { openEnd } from './store-end.js'
import { tableOf } from './table.js'

export const storeCopy: Command = {
  help: `Usage: session-hub store copy --from <store> --to <store>

Copies everything that a hub keeps to an empty store: sessions with their handles and data, spent tickets,
endings with their numbers, the audit, and sites. Stop the hub first, and start it on the new store
afterwards: all visitors stay signed in, and sites notice nothing.

During the copy, both stores are closed to hubs. The command refuses an SQLite database that a hub has open. A hub
that still runs on PostgreSQL or Redis keeps reading, and answers 503 to every write; nothing is lost.

If the command is killed, or a server fails, run it again: it continues where it stopped. At the end it reads and
compares both stores, and only then opens the new one. The old one stays closed, so that a forgotten hub cannot keep
using it; "session-hub store reopen" opens it.

Options:
  --from <store>  sqlite:<file>, postgres://… or redis://…; default: what SESSION_HUB_STORE holds
  --to <store>    the same; default: what SESSION_HUB_STORE_TO holds. The PostgreSQL user must own the schema, or
                  be allowed to create it

Example:
  SESSION_HUB_STORE_TO="$DATABASE_URL" session-hub store copy --from sqlite:session-hub.sqlite
`,
  async run(args, name) {
    const options = { from: { type: 'string' }, to: { type: 'string' } } as const
    const { values } = readArguments(name, args, options)
    const environment = await withFiles(process.env)
    // An address contains a password, which everybody sees who lists the processes.
    const from = values.from ?? environment['SESSION_HUB_STORE']
    const to = values.to ?? environment['SESSION_HUB_STORE_TO']
    if (!from || !to) throw new UsageError(`"${name}" needs "--from <store>" and "--to <store>"`, name)

    await unlessStopped(STOPPED, async () => {
      const source = await openEnd('--from', from, false)
      try {
        const target = await openEnd('--to', to, true)
        try {
          await copy(source, target)
        } finally {
          await target.close()
        }
      } finally {
        await source.close()
      }
    })
  },
}

const STOPPED =
  'Nothing is lost. Once a copy has begun, both stores stay closed: run the same command again, and it continues. To give the copy up, open the old store with "session-hub store reopen"'

/** The words that people use for them. */
const WORDS: Readonly<Record<Kind, string>> = {
  subject: 'users',
  session: 'sessions',
  handle: 'handles',
  spend: 'spent tickets',
  ending: 'endings',
  audit: 'audit rows',
  site: 'sites',
}

async function copy(source: CopyEnd, target: CopyEnd): Promise<void> {
  const progress = createProgress(process.stderr)
  try {
    const copied = await copyStore(source, target, ({ act, kind, rows, of }) => {
      progress.show(`${act} ${WORDS[kind]}`, rows, of)
    })
    progress.end()
    const rows = copied.map(({ kind, rows, sum }) => [WORDS[kind], numeral(rows), sum])
    process.stdout.write(tableOf(['WHAT', 'COPIED', 'CHECKSUM'], rows))
    process.stdout.write(
      `\n${target.name} has everything that ${source.name} has. The old store stays closed. Start the hub on the new one.\n`,
    )
  } finally {
    progress.end()
  }
}

export const storeReopen: Command = {
  help: `Usage: session-hub store reopen --store <store>

Opens a store again that was copied to another one, or whose copy was abandoned. It does not have what has happened
in the other store since then: sessions that were ended there are live here.

Options:
  --store <store>  sqlite:<file>, postgres://… or redis://…; default: what SESSION_HUB_STORE holds

Example:
  session-hub store reopen --store sqlite:session-hub.sqlite
`,
  async run(args, name) {
    const { values } = readArguments(name, args, { store: { type: 'string' } })
    const given = values.store ?? (await withFiles(process.env))['SESSION_HUB_STORE']
    if (!given) throw new UsageError(`"${name}" needs "--store <store>"`, name)
    const end = await openEnd('--store', given, false)
    try {
      const note = await end.note()
      if (!note) throw new UsageError(`${end.name} is open`, name)
      if (note.role === 'target')
        throw new UsageError(
          `${end.name} is an unfinished copy of ${note.other}, and has only part of it: finish the copy, or empty the store`,
          name,
        )
      await end.reopen()
      const since = note.isDone
        ? `, and has nothing of what ${note.other} was told since ${day(note.atMs)}`
        : ''
      process.stdout.write(`${end.name} is open again${since}.\n`)
    } finally {
      await end.close()
    }
  },
}
