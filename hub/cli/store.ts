/** `session-hub store restored` and `store migrate`. */
import { resolve } from 'node:path'

import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { administer } from './administration.js'
import { type Command, readArguments, UsageError } from './command.js'
import { readConfig } from './config.js'
import { withFiles } from './environment.js'
import { named, type StoreSource, storeSource } from './config-store.js'
import { unlessStopped } from './stopped.js'

export const storeRestored: Command = {
  help: `Usage: session-hub store restored --config <file>

Run this once after you have restored the store with other tools than "session-hub store restore" (which does it
itself), or after a failover that may have lost something. The store then assigns the same numbers of endings again,
and a site that continues from its own number would miss sign-outs. This command begins a new epoch: each site that
was connected before asks the hub again about every session. Run it before the hub starts, if you can. A running hub
disconnects its sites within seconds, and they reconnect.

Options:
  --config <file>  the configuration of "session-hub serve"

Example:
  session-hub store restored --config hub.json
`,
  async run(args, name) {
    const { values } = readArguments(name, args, { config: { type: 'string' } })
    await administer(name, values.config, async ({ at }) => {
      const epoch = await at.hub.store.renewEpoch()
      process.stdout.write(`The store has a new epoch, ${epoch}: every site asks the hub again.\n`)
    })
  },
}

export const storeMigrate: Command = {
  help: `Usage: session-hub store migrate [--config <file>] [--grant <user>]

Creates the schema in PostgreSQL, or brings it up to date, in one transaction. If the hub's own user may not
change tables, run it as the schema's owner, as a step of each deployment, and set "migrateStore": false in the hub's
configuration. A second run changes nothing. SQLite and Redis need no such step.

Options:
  --config <file>  the configuration of "session-hub serve"; without it, the address is in SESSION_HUB_STORE
  --grant <user>   lets this PostgreSQL user use the schema, but not change it

Example:
  SESSION_HUB_STORE="$OWNER_URL" session-hub store migrate --grant hub
`,
  async run(args, name) {
    const options = { config: { type: 'string' }, grant: { type: 'string' } } as const
    const { values } = readArguments(name, args, options)
    if (values.grant === '') throw new UsageError('"--grant" has to name a PostgreSQL user', name)
    const { file, source } = await sourceOf(name, values.config)
    if (source.engine !== 'postgres' || source.address === undefined)
      throw wrong(file, '"store" is not in PostgreSQL: there is no schema to bring up to date')
    try {
      const { migrate } = await import('../stores/postgres/migrate.js')
      const { address } = source
      const version = await unlessStopped(STOPPED, () => migrate({ url: address, grantTo: values.grant }))
      const granted = values.grant === undefined ? '' : `, and "${values.grant}" may use it`
      process.stdout.write(`The schema "session_hub" has version ${version}${granted}.\n`)
    } catch (thrown) {
      throw named(file, thrown)
    }
  },
}

const STOPPED = 'The schema is as it was, or up to date, never in between: run the same command again'

/** The address alone is enough: a deployment step needs none of the hub's keys. */
async function sourceOf(
  name: string,
  config: string | undefined,
): Promise<{ file: string; source: StoreSource }> {
  if (config !== undefined) {
    const { file, store } = await readConfig(config, process.env)
    return { file, source: store }
  }
  const environment = await withFiles(process.env)
  if (!environment['SESSION_HUB_STORE'])
    throw new UsageError(`"${name}" needs "--config <file>", or SESSION_HUB_STORE in the environment`, name)
  const file = 'SESSION_HUB_STORE'
  const place = { path: resolve(file), file, inFolder: (path: string) => resolve(path) }
  return { file, source: storeSource(undefined, true, place, environment) }
}
