/** The metrics of `session-hub serve`, on a separate port: what watches the hub need not be reachable by its visitors. */
import cluster from 'node:cluster'
import { createServer } from 'node:http'

import { wrong } from '../../sdk/settings/refuse-unknown.js'
import type { HubMeter } from '../meter.js'
import type { MetricsPlace } from './config-rows.js'
import { urlOf } from './url.js'
import { workerNumber } from './workers.js'

/** @throws SessionHubError `options_invalid` if `prom-client` is not installed or the port is taken */
export async function serveMetrics(
  file: string,
  { host, port }: MetricsPlace,
): Promise<{ meter: HubMeter; url: string }> {
  const { hubMetrics } = await import('../metrics/index.js').catch((cause: unknown) => {
    throw wrong(file, '"metrics" needs a package that is not installed: npm install prom-client', cause)
  })
  const metrics = hubMetrics()
  const server = createServer(metrics.listener)
  // A cluster would give each request to any worker, and each worker has its own numbers.
  const own = cluster.isWorker && port > 0 ? port + workerNumber() - 1 : port
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(wrong(file, `"metrics": ${host}:${own} cannot be listened on`, cause))
    })
    server.listen({ host, port: own, exclusive: true }, resolve)
  })
  server.unref()
  return { meter: metrics, url: `${urlOf(server.address())}/metrics` }
}
