/** Reads the configuration of `session-hub serve`: takes `unknown` from a file, and returns a hub's options. */
import { dirname, resolve } from 'node:path'

import { SessionHubError } from '../../sdk/protocol/errors.js'
import type { JsonObject } from '../../sdk/protocol/json.js'
import { readOptions } from '../../sdk/settings/option-rows.js'
import { refuseUnknown } from '../../sdk/settings/refuse-unknown.js'
import { type HubOptions, resolveHubOptions } from '../options.js'
import { loadConfig, type Place } from './config-file.js'
import { configRows, hubKeys, type MetricsPlace, serveRows, textual } from './config-rows.js'
import { type StoreSource, storeSource } from './config-store.js'
import { configIn, variableDoubts, withFiles } from './environment.js'
import { isReadByAll, shown } from './files.js'
import { findKeys } from './key-file.js'
import { findSites, sharedHostDoubt, sharedHosts } from './site-list.js'

export interface ServeConfig {
  /** The path as a person would write it. Every message about the file begins with it. */
  readonly file: string
  readonly host: string
  readonly port: number
  readonly proxyHops: number
  readonly hub: HubOptions
  /** The address where the metrics can be read; absent if they are not served. */
  readonly metrics: MetricsPlace | undefined
  /** Opened last, so that a wrong option does not leave a file behind. */
  readonly store: StoreSource
  /** Settings that stay the same as long as the process runs. */
  readonly fixed: Readonly<Record<'origin' | 'host' | 'port' | 'metrics' | 'store', string>>
  /** Everything else except the sites, as one text that differs if anything differs. It contains the keys. */
  readonly changeable: string
  /** Settings that work, but probably not as intended. Each warning names its file. */
  readonly warnings: readonly string[]
}

const DEFAULT_PORT = 4000
/**
 * Reads the configuration. The environment may set what the file does not.
 *
 * @param config the path of a file, if there is one
 * @throws SessionHubError `options_invalid`, naming the file and the key
 */
export async function readConfig(config: string | undefined, given: NodeJS.ProcessEnv): Promise<ServeConfig> {
  // Without a file, paths are relative to the folder where the command was started.
  const path = config === undefined ? resolve('environment') : resolve(config)
  const file = shown(path)
  const environment = await withFiles(given)
  const fromFile = config === undefined ? {} : await loadConfig(path)
  return configOf(path, file, { ...configIn(environment, textual), ...fromFile }, environment)
}

/** Whether the environment alone is a configuration, so that no file has to be named. */
export const isInEnvironment = (environment: NodeJS.ProcessEnv): boolean =>
  Boolean(environment['SESSION_HUB_ORIGIN'] ?? environment['SESSION_HUB_ORIGIN_FILE'])

async function configOf(
  path: string,
  file: string,
  given: JsonObject,
  environment: NodeJS.ProcessEnv,
): Promise<ServeConfig> {
  refuseUnknown(file, given, Object.keys(configRows))

  const { keys, sites, store } = given
  const own = readOptions(file, serveRows, only(Object.keys(serveRows), given))
  const place: Place = { path, file, inFolder: (name) => resolve(dirname(path), name) }
  const keySource = await findKeys(keys, place, environment)
  const siteSource = await findSites(sites, place)
  const opens = storeSource(store, own.migrateStore, place, environment)
  const hub = checkedOptions(file, {
    ...only(hubKeys, given),
    keys: keySource.keys,
    sites: siteSource.sites,
  })
  const port = own.port ?? defaultPort(hub.origin)
  return {
    file,
    fixed: {
      origin: hub.origin,
      host: own.host,
      port: String(port),
      metrics: JSON.stringify(own.metrics ?? null),
      store: opens.path ?? opens.address ?? 'of this process',
    },
    changeable: textOf({ ...given, sites: undefined, store: undefined, keys: keySource.keys }),
    host: own.host,
    port,
    proxyHops: own.proxyHops,
    hub,
    metrics: own.metrics,
    store: opens,
    warnings: [
      ...doubts(given, hub).map((doubt) => `${file}: ${doubt}`),
      ...variableDoubts(environment, textual),
      ...(await openSecrets([keySource.path, siteSource.path])),
    ],
  }
}

/** Code has no text. A module is loaded only once, so it does not change either. */
const textOf = (given: Readonly<Record<string, unknown>>) => JSON.stringify(given)

/** These members, as far as they are given. */
const only = (names: readonly string[], given: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name)))

/** Finds settings that work, but probably not as intended. */
function doubts(given: JsonObject, { origin, sites, findSite }: HubOptions): string[] {
  const found = []
  if (given['store'] === 'memory') found.push('"store" is "memory": every session ends when the hub stops')
  if (sites?.length === 0 && !findSite && given['storedSites'] !== true) {
    found.push('no site is registered; "session-hub sites add <origin>" makes a registration for "sites"')
  }
  found.push(...sharedHosts(sites ?? []).map(sharedHostDoubt))
  if (origin.startsWith('https:') && given['proxyHops'] === undefined) {
    found.push(
      '"origin" is https, so a proxy stands before the hub, and the rate limits would take all visitors for one: ' +
        'set "proxyHops" to the number of proxies (0 keeps it so)',
    )
  }
  return found
}

/** Runs the hub's own check, with the file's name instead of the function's. */
function checkedOptions(file: string, given: Record<string, unknown>): HubOptions {
  // The cast comes before the check, which treats every member as unknown.
  const options = given as unknown as HubOptions
  try {
    resolveHubOptions(options)
    return options
  } catch (thrown) {
    if (!(thrown instanceof SessionHubError)) throw thrown
    throw new SessionHubError(
      thrown.code,
      thrown.message.replace(/^createHub(?=:)/, () => file),
      { cause: thrown },
    )
  }
}

/** The hub speaks plain HTTP, so the port of an https origin is the proxy's. */
function defaultPort(origin: string): number {
  const { protocol, port } = new URL(origin)
  return protocol === 'http:' && port ? Number(port) : DEFAULT_PORT
}

async function openSecrets(paths: readonly (string | undefined)[]): Promise<string[]> {
  const warnings = []
  for (const path of paths) {
    if (path !== undefined && (await isReadByAll(path))) {
      warnings.push(`"${shown(path)}" holds secrets, and every user of this machine can read it: chmod 600`)
    }
  }
  return warnings
}
