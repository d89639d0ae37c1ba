/** One process of `session-hub serve`: a hub that answers until it is told to stop. */
import cluster from 'node:cluster'
import type { Server } from 'node:http'

import { gracefulStop } from '../../sdk/http/node/graceful-stop.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { createHub, type Hub } from '../app.js'
import type { ServeConfig } from './config.js'
import { serveMetrics } from './metrics.js'
import type { ServeLog } from './serve-log.js'
import { createApp, listen } from './server.js'
import { stopSignals } from './stop-signals.js'
import { urlOf } from './url.js'
import { sayReady } from './workers.js'

/**
 * Resolves when it has stopped after a signal.
 *
 * @param workers how many processes of the hub share the limits
 * @throws SessionHubError
 */
export async function serveHub(config: ServeConfig, workers: number, log: ServeLog): Promise<void> {
  const { hub, server } = await start(config, workers, log)
  process.on('SIGHUP', () => void reread(hub, config, log))
  const { asked: stopped, hurry } = stopSignals()
  // The store is closed all the same: a copy of its file has everything.
  hurry.addEventListener('abort', () => {
    server.closeAllConnections()
  })
  if (cluster.isPrimary)
    log({ level: 'info', event: 'listening', origin: config.hub.origin, url: urlOf(server.address()) })

  // A store that never opens is no hub: whoever started it has to know.
  const opened = hub.ready.then(() => {
    sayReady()
    return stopped
  })
  const signal = await Promise.race([stopped, opened])
  if (cluster.isPrimary) log({ level: 'info', event: 'stopping', signal })
  const isClean = await gracefulStop(server, [hub])
  if (!isClean || hurry.aborted) log({ level: 'warn', event: 'stop_forced' })
  await hub.close()
  if (cluster.isPrimary) log({ level: 'info', event: 'stopped' })
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
