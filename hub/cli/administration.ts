/** An administrator at the command line. Whoever can read the hub's keys and sessions may do everything, and the audit records it. */
import { existsSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'

import { wrong } from '../../sdk/settings/refuse-unknown.js'
import type { Actor, Administration, Listed } from '../flows/administer.js'
import { readHubKeys } from '../keys/hub-keys.js'
import { resolveHubOptions } from '../options.js'
import { UsageError } from './command.js'
import type { SiteRegistration } from '../sites/site.js'
import type { Store } from '../stores/store.js'
import { isInEnvironment, readConfig } from './config.js'
import type { StoreSource } from './config-store.js'
import { shown } from './files.js'
import { hint } from './terminal.js'

export interface AtWork {
  readonly at: Administration
  readonly by: Actor
  /** The sites that the configuration lists. */
  readonly listed: readonly SiteRegistration[]
  /** Whether the store has sites too. */
  readonly hasStoredSites: boolean
}

/**
 * Opens the sessions of a hub, which may be running at the same time, for one task.
 *
 * @param config the path that `--config` gave
 * @throws UsageError, SessionHubError
 */
export async function administer(
  name: string,
  config: string | undefined,
  work: (atWork: AtWork) => Promise<void>,
): Promise<void> {
  if (config === undefined && !isInEnvironment(process.env))
    throw new UsageError(`"${name}" needs "--config <file>"`, name)
  const { file, hub: options, store: source } = await readConfig(config, process.env)
  const { origin, rules, admin, now, sites, storedSites } = resolveHubOptions(options)
  const store = await openKept(file, source)
  try {
    const hub = { origin, store, secret: readHubKeys(options.keys), rules, now, log: () => undefined }
    await work({
      at: { hub, isAdmin: admin?.isAdmin ?? (() => false) },
      by: shell(),
      listed: sites,
      hasStoredSites: storedSites,
    })
  } finally {
    await store.close()
  }
}

/** Refuses a file that does not exist: opening it would create one that belongs to this user and stands in the hub's way. */
async function openKept(file: string, { path, open }: StoreSource): Promise<Store> {
  if (path !== undefined && !existsSync(path))
    throw wrong(file, `"store": ${shown(path)} is not there yet; "session-hub serve" makes it`)
  const store = await open()
  const { isMemory } = await import('../stores/memory.js')
  if (!isMemory(store)) return store
  throw wrong(
    file,
    '"store" keeps nothing: only the running hub knows its sessions; see /admin, if it is configured',
  )
}

/**
 * Reads the first page of a list, or all pages.
 *
 * @param read gives the page after this row
 */
export async function allPages<Row>(
  isAll: boolean | undefined,
  read: (last: Row | undefined) => Promise<Listed<Row>>,
): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (;;) {
    const page = await read(rows.at(-1))
    rows.push(...page.rows)
    if (isAll && page.hasMore) continue
    if (page.hasMore) hint(`There are more than these ${rows.length}: "--all" shows them.`)
    return rows
  }
}

const shell = (): Actor => ({
  name: `command line (${userName()})`,
  permissions: ['read', 'logout-all', 'sites'],
  from: hostname(),
})

/** In a container, a user may have only a number. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.())
  }
}
