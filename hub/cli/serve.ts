/** `session-hub serve`. */
import type { Server } from 'node:http'
import { resolve } from 'node:path'

import { createHub, type Hub } from '../app.js'
import { type Command, readArguments, UsageError } from './command.js'
import { readConfig, type ServeConfig } from './config.js'
import { KEYS_VARIABLE } from './key-file.js'
import { createServeLog, type ServeLog } from './serve-log.js'
import { createApp, listen, stop } from './server.js'
import { leave } from './terminal.js'

export const serve: Command = {
  summary: 'run the hub',
  help: `Usage: session-hub serve --config <file>

Runs the hub until SIGTERM or SIGINT; open requests get five seconds to finish. The hub speaks plain
http: put a proxy with TLS before it. Logs go to stdout, as JSON lines unless it is a terminal.

Options:
  --config <file>  JSON, or .mjs with a default export

Configuration (paths are relative to the file; only "origin" and the keys have no default):
  origin            the hub's own origin, such as "https://hub.example"
  keys              the file that "session-hub keys --out" made; default: ${KEYS_VARIABLE} holds the JSON
  sites             the file that "session-hub sites add --file" made, or the list itself
  store             the SQLite file of the sessions, default "session-hub.sqlite"; "memory" keeps nothing
  host              the address to listen on, default "127.0.0.1"
  port              default: the port of an http origin, else 4000
  trustProxyHops    how many proxies stand before the hub, default 0
  lifetimes         how long sessions live: { "anonymous" and "signedIn": { "idleSeconds", "absoluteSeconds" } }
  singleSession     true: a sign-in ends the user's other sessions; default false
  maxSessions       how many sessions a user may have; default no limit
  evict             at one session too many: "oldest" (default) ends the oldest, "refuse" refuses the sign-in
  endAllOnSignOut   true: a sign-out ends all of the user's sessions; default false
  ticketSeconds     how long a ticket may be redeemed, default 30
  conflict          who gives way when two users meet: "keep-both" (default), "hub" or "site"
  merge             "fill" (default), "winner", "loser", or { "keys": { "cart": "union", "points": "sum" } }
  admin             /admin: { "tokens": what "session-hub admin token" made, "isAdmin": the subjects whose sessions
                    only logout-all may end, "auditSeconds": how long it is kept what was done, default a year }
  limits            requests per minute: { "perAddress": 1200, "perSession": 60, "perSite": 60000 }
  siteCacheSeconds  how long an answer of findSite is believed, default 5

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
    const { values } = readArguments(name, args, { config: { type: 'string' } })
    if (values.config === undefined) throw new UsageError(`"${name}" needs "--config <file>"`, name)
    const config = await readConfig(resolve(values.config), process.env)
    const log = createServeLog(process.stdout)
    for (const description of config.warnings) log({ level: 'warn', event: 'config_doubtful', description })

    const { hub, server } = await start(config, log)
    const stopped = firstSignal(['SIGTERM', 'SIGINT'])
    log({ level: 'info', event: 'listening', origin: config.hub.origin, url: urlOf(server, config) })

    const signal = await stopped
    log({ level: 'info', event: 'stopping', signal })
    hub.endStreams()
    if (!(await stop(server))) log({ level: 'warn', event: 'stop_forced' })
    await hub.close()
    log({ level: 'info', event: 'stopped' })
    leave(0)
  },
}

async function start(config: ServeConfig, log: ServeLog): Promise<{ hub: Hub; server: Server }> {
  const hub = await createHub({ log, ...config.hub, store: await config.store.open() })
  try {
    return { hub, server: await listen(hub, createApp(hub, config, log), config) }
  } catch (thrown) {
    await hub.close()
    throw thrown
  }
}

function urlOf(server: Server, { host }: ServeConfig): string {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Only the first: a second one, from someone who does not want to wait, ends the process at once. */
const firstSignal = (signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    for (const signal of signals) process.once(signal, resolve)
  })
