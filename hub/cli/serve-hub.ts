/** One process of `session-hub serve`: a hub that answers until it is told to stop. */
import cluster from 'node:cluster'
import type { Server } from 'node:http'

import { gracefulStop } from '../../sdk/http/node/graceful-stop.js'
import { createHub } from '../app.js'
import type { ServeConfig } from './config.js'
import { serveMetrics } from './metrics.js'
import { createSuccession, type Succession } from './reread.js'
import type { ServeLog } from './serve-log.js'
import { createApp, listen } from './server.js'
import { stopSignals } from './stop-signals.js'
import { urlOf } from './url.js'
import { sayReady } from './workers.js'

/**
 * Resolves when the hub has stopped after a signal.
 *
 * @param read reads the configuration again
 * @param workers how many processes of the hub share the limits
 * @throws SessionHubError
 */
export async function serveHub(
  config: ServeConfig,
  read: () => Promise<ServeConfig>,
  workers: number,
  log: ServeLog,
): Promise<void> {
  const { hubs, ready, server } = await start(config, read, workers, log)
  process.on('SIGHUP', () => void hubs.reread())
  const { asked: stopped, hurry } = stopSignals()
  // The store is closed all the same, so a copy of its file is complete.
  hurry.addEventListener('abort', () => {
    server.closeAllConnections()
  })
  if (cluster.isPrimary)
    log({ level: 'info', event: 'listening', origin: config.hub.origin, url: urlOf(server.address()) })

  // A hub whose store never opens is no hub: whoever started it has to know.
  const opened = ready.then(() => {
    sayReady()
    return stopped
  })
  const signal = await Promise.race([stopped, opened])
  if (cluster.isPrimary) log({ level: 'info', event: 'stopping', signal })
  const isClean = await gracefulStop(server, [hubs])
  if (!isClean || hurry.aborted) log({ level: 'warn', event: 'stop_forced' })
  await hubs.close()
  if (cluster.isPrimary) log({ level: 'info', event: 'stopped' })
}

async function start(
  config: ServeConfig,
  read: () => Promise<ServeConfig>,
  workers: number,
  log: ServeLog,
): Promise<{ hubs: Succession; ready: Promise<void>; server: Server }> {
  const measured = config.metrics && (await serveMetrics(config.file, config.metrics))
  const metrics = measured && { metrics: measured.meter }
  let ready: Promise<void> | undefined
  const hubs = await createSuccession(config, {
    async make(given) {
      const hubProcesses = (given.hub.hubProcesses ?? 1) * workers
      const hub = await createHub({ log, ...given.hub, ...metrics, hubProcesses, store: given.store.open })
      ready ??= hub.ready
      return { hub, answer: hub.listener(createApp(hub, given, log), { proxyHops: given.proxyHops }) }
    },
    read,
    log,
  })
  if (measured) log({ level: 'info', event: 'metrics', url: measured.url })
  try {
    return { hubs, ready: ready ?? Promise.resolve(), server: await listen(hubs.answer, config) }
  } catch (thrown) {
    await hubs.close()
    throw thrown
  }
}
