/** `session-hub serve`. */
import cluster from 'node:cluster'
import type { Server } from 'node:http'
import { availableParallelism } from 'node:os'

import { gracefulStop } from '../../sdk/http/node/graceful-stop.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { createHub, type Hub } from '../app.js'
import { type Command, readArguments, UsageError } from './command.js'
import { configHelp } from './config-help.js'
import { isInEnvironment, readConfig, type ServeConfig } from './config.js'
import { KEYS_VARIABLE } from './environment.js'
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
${configHelp()}

In the environment: each of these as SESSION_HUB_ and its name, such as SESSION_HUB_PORT or SESSION_HUB_TRUST_PROXY_HOPS, objects
and lists as JSON; the hub's keys as ${KEYS_VARIABLE}. With _FILE behind it, a variable names a file that holds the value. What
the configuration says itself counts first.

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
