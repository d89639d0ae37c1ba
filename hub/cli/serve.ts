/** `session-hub serve`. */
import cluster from 'node:cluster'
import type { Server } from 'node:http'
import { availableParallelism } from 'node:os'

import { gracefulStop } from '../../sdk/http/node/graceful-stop.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { createHub, type Hub } from '../app.js'
import { type Command, readArguments, UsageError } from './command.js'
import { isInEnvironment, readConfig, type ServeConfig } from './config.js'
import { KEYS_VARIABLE } from './key-file.js'
import { createServeLog, type ServeLog } from './serve-log.js'
import { serveMetrics } from './metrics.js'
import { createApp, listen, urlOf } from './server.js'
import { leave } from './terminal.js'
import { firstSignal, runWorkers, sayReady, workerNumber } from './workers.js'

export const serve: Command = {
  summary: 'run the hub',
  help: `Usage: session-hub serve [--config <file>] [--workers <n>]

Runs the hub until SIGTERM or SIGINT; open requests get eight seconds to finish. SIGHUP reads the list of
sites again. The hub speaks plain HTTP: put a proxy with TLS in front of it. Logs go to stdout, as JSON
lines unless stdout is a terminal.

Options:
  --config <file>  JSON, or .mjs with a default export; without it, everything is in the environment
  --workers <n>    how many processes share the port, from 1 to the number of processors. A process that
                   dies is replaced. Default 1

Configuration (paths are relative to the file; only "origin" and the keys have no default):
  origin            the hub's own origin, such as "https://hub.example"
  keys              the file from "session-hub keys --out"; default: the JSON in ${KEYS_VARIABLE}
  sites             the file from "session-hub sites add --file", or the list itself
  store             the SQLite file of the sessions, default "session-hub.sqlite"; "memory" keeps nothing
  storeWaitSeconds  how long to wait for a starting PostgreSQL, and answer 503 meanwhile; default 0
  migrateStore      false: the hub leaves PostgreSQL's schema alone, and refuses to start where "session-hub store migrate"
                    has not been run; default true
  host              the address to listen on, default "127.0.0.1"
  port              default: the port of an http origin, else 4000
  trustProxyHops    how many proxies are in front of the hub, default 0
  lifetimes         how long sessions live: { "anonymous" and "signedIn": { "idleSeconds", "absoluteSeconds" } }
  singleSession     true: a sign-in ends the user's other sessions; default false
  maxSessions       how many sessions a user may have; default no limit
  evict             above that limit: "oldest" (default) ends the oldest session, "refuse" refuses the sign-in
  endAllOnSignOut   true: a sign-out ends all of the user's sessions; default false
  ticketSeconds     how long a ticket may be redeemed, default 30
  conflict          who gives way when two users meet: "keep-both" (default), "hub" or "site"
  merge             "fill" (default), "winner", "loser", or { "keys": { "cart": "union", "points": "sum" } }
  admin             /admin: { "tokens": what "session-hub admin token" made, "isAdmin": the subjects whose sessions
                    only logout-all may end, "auditSeconds": how long the audit is kept, default a year }
  companySignOut    { "issuers": [{ "issuer", "audience", "jwksUri" }] }: a sign-out at these OpenID providers ends the
                    user's sessions
  metrics           { "port": 9464, "host": "127.0.0.1" }: /metrics for Prometheus, on a port of its own; worker 2 has the
                    next port, and so on. Needs "npm install prom-client"
  limits            requests per minute: { "perAddress": 1200, "perSession": 60, "perSite": 60000 }
  hubProcesses      on how many machines this command runs; each allows its share of the limits, default 1
  storedSites       true: the store has sites too, for "session-hub sites add --config" and /admin/sites; default false
  siteCacheSeconds  how long an answer of findSite is used, default 5

In the environment: each of these as SESSION_HUB_ and its name, such as SESSION_HUB_PORT or SESSION_HUB_TRUST_PROXY_HOPS, objects
and lists as JSON; the hub's keys as ${KEYS_VARIABLE}. With _FILE behind it, a variable names a file that holds the value. What
the configuration says itself counts first.

Only in .mjs:
  admin             { "isAdmin": (subject) => whether, "authorize": (req) => { name, permissions } or null }
  findSite          (origin) => the registration of a site that "sites" does not list
  merge             ({ from, into, reason }) => the data of the session that stays
  conflict          ({ site, siteSubject, hubSubject }) => "keep-both", "hub" or "site"
  singleSession     (subject, { site, agent, isRemembered }) => whether this sign-in ends the user's other sessions
  endAllOnSignOut   (subject) => whether a sign-out ends all of the user's sessions
  log               (entry) => receives the hub's entries instead of stdout

Example:
  { "origin": "https://hub.example", "keys": "hub-keys.json", "sites": "sites.json", "trustProxyHops": 1 }
`,
  async run(args, name) {
    const { values } = readArguments(name, args, { config: { type: 'string' }, workers: { type: 'string' } })
    if (values.config === undefined && !isInEnvironment(process.env))
      throw new UsageError(
        `"${name}" needs "--config <file>", or SESSION_HUB_ORIGIN in the environment`,
        name,
      )
    const workers = readWorkers(values.workers, name)
    const config = await readConfig(values.config, process.env)
    if (workers > 1 && cluster.isPrimary) {
      if (config.store.isMemory)
        throw wrong(config.file, '"store" is "memory", which several processes cannot share; name a file')
      const log = createServeLog(process.stdout)
      warn(config, log)
      await runWorkers(workers, config.hub.origin, log)
      leave(0)
      return
    }
    await serveOne(config, workers)
  },
}

async function serveOne(config: ServeConfig, workers: number): Promise<void> {
  const log = createServeLog(process.stdout, cluster.isWorker ? workerNumber() : undefined)
  if (cluster.isPrimary) warn(config, log)
  const { hub, server } = await start(config, workers, log)
  process.on('SIGHUP', () => void reread(hub, config, log))
  const stopped = firstSignal(['SIGTERM', 'SIGINT'])
  if (cluster.isPrimary)
    log({ level: 'info', event: 'listening', origin: config.hub.origin, url: urlOf(server.address()) })

  // A store that never opens is no hub: whoever started it has to know.
  const opened = hub.ready.then(() => {
    sayReady()
    return stopped
  })
  const signal = await Promise.race([stopped, opened])
  if (cluster.isPrimary) log({ level: 'info', event: 'stopping', signal })
  if (!(await gracefulStop(server, [hub]))) log({ level: 'warn', event: 'stop_forced' })
  await hub.close()
  if (cluster.isPrimary) log({ level: 'info', event: 'stopped' })
  leave(0)
}

function warn({ warnings }: ServeConfig, log: ServeLog): void {
  for (const description of warnings) log({ level: 'warn', event: 'config_doubtful', description })
}

/** @throws UsageError */
function readWorkers(given: string | undefined, name: string): number {
  const most = availableParallelism()
  const workers = given === undefined ? 1 : Number(given)
  if (/^\d+$/.test(given ?? '1') && workers >= 1 && workers <= most) return workers
  throw new UsageError(
    `"--workers" has to be a whole number from 1 to ${most}, the number of processors here, not "${given}"`,
    name,
  )
}

async function start(
  config: ServeConfig,
  workers: number,
  log: ServeLog,
): Promise<{ hub: Hub; server: Server }> {
  const hubProcesses = (config.hub.hubProcesses ?? 1) * workers
  const measured = config.metrics && (await serveMetrics(config.file, config.metrics))
  const metrics = measured && { metrics: measured.meter }
  const hub = await createHub({ log, ...config.hub, ...metrics, hubProcesses, store: config.store.open })
  if (measured) log({ level: 'info', event: 'metrics', url: measured.url })
  try {
    return { hub, server: await listen(hub, createApp(hub, config, log), config) }
  } catch (thrown) {
    await hub.close()
    throw thrown
  }
}

/** When sites come and go. A hub that runs is worth more than a file that does not work: a broken one changes nothing. */
async function reread(hub: Hub, { rereadSites, file }: ServeConfig, log: ServeLog): Promise<void> {
  try {
    if (!rereadSites)
      throw wrong(file, '"sites" names no file that could be read again; restart the hub instead')
    const sites = await rereadSites()
    await hub.setSites(sites)
    log({ level: 'info', event: 'sites_reread', sites: sites.length })
  } catch (thrown) {
    log({ level: 'error', event: 'sites_kept', description: (thrown as Error).message })
  }
}
