/**
 * Handles SIGHUP: the configuration is read again, with the keys and sites that it names. If only the sites have changed, the hub is
 * told. After any other change a new hub replaces the old one behind the same server, and no request is lost. A configuration that is wrong, or
 * needs a restart, changes nothing: a running hub is worth more than a file that does not work.
 */
import type { RequestListener, ServerResponse } from 'node:http'

import { wrong } from '../../sdk/settings/refuse-unknown.js'
import type { Hub } from '../app.js'
import type { ServeConfig } from './config.js'
import type { ServeLog } from './serve-log.js'

/** A hub, with the configuration that made it. */
interface Serving {
  readonly hub: Hub
  readonly config: ServeConfig
  readonly answer: RequestListener
  /** Answers that are not finished. */
  readonly open: Set<ServerResponse>
}

export interface Succession {
  readonly answer: RequestListener
  endStreams(): void
  /** A request that comes while the configuration is being read is handled afterwards. */
  reread(): Promise<void>
  close(): Promise<void>
}

/** How long the answers of the previous hub may take. Its streams have been told to connect again. */
const MOST_MS = 10_000

export interface SuccessionParts {
  /** @throws SessionHubError */
  readonly make: (config: ServeConfig) => Promise<{ hub: Hub; answer: RequestListener }>
  /** @throws SessionHubError */
  readonly read: () => Promise<ServeConfig>
  readonly log: ServeLog
}

/** @throws SessionHubError */
export async function createSuccession(
  first: ServeConfig,
  { make, read, log }: SuccessionParts,
): Promise<Succession> {
  const begin = async (config: ServeConfig): Promise<Serving> => ({
    ...(await make(config)),
    config,
    open: new Set(),
  })
  let current = await begin(first)
  let work: Promise<unknown> = Promise.resolve()

  let isStopping = false

  async function rereadNow(): Promise<void> {
    if (isStopping) return
    try {
      const config = await read()
      refuseFixed(current.config, config)
      for (const description of config.warnings.filter((one) => !current.config.warnings.includes(one)))
        log({ level: 'warn', event: 'config_doubtful', description })
      const { sites = [] } = config.hub
      if (config.changeable === current.config.changeable) {
        await current.hub.setSites(sites)
        current = { ...current, config }
        log({ level: 'info', event: 'sites_reread', sites: sites.length })
        return
      }
      await replace(config)
      log({ level: 'info', event: 'config_reread', sites: sites.length })
    } catch (thrown) {
      log({ level: 'error', event: 'config_kept', description: (thrown as Error).message })
    }
  }

  async function replace(config: ServeConfig): Promise<void> {
    if (current.config.store.isOfThisProcess)
      throw wrong(
        config.file,
        'the sessions are in this process alone, so only a change of "sites" takes effect without a restart',
      )
    const next = await begin(config)
    try {
      await next.hub.ready
    } catch (thrown) {
      await next.hub.close()
      throw thrown
    }
    const before = current
    current = next
    before.hub.endStreams()
    await quiet(before.open)
    await before.hub.close()
  }

  return {
    answer(req, res) {
      const { answer, open } = current
      open.add(res)
      res.once('close', () => open.delete(res))
      answer(req, res)
    },
    endStreams() {
      isStopping = true
      current.hub.endStreams()
    },
    async reread() {
      const next = work.then(rereadNow)
      work = next
      await next
    },
    async close() {
      await work
      await current.hub.close()
    },
  }
}

/** Refuses changes of what a socket, a store and all sites depend on. @throws SessionHubError */
function refuseFixed(before: ServeConfig, after: ServeConfig): void {
  const names = Object.keys(after.fixed) as (keyof ServeConfig['fixed'])[]
  const changed = names.filter((name) => after.fixed[name] !== before.fixed[name])
  if (changed.length === 0) return
  const shown = changed.map((name) => `"${name}"`).join(' and ')
  throw wrong(after.file, `${shown} cannot change while the hub runs; nothing is changed until a restart`)
}

/** Resolves when all of these are answered, or the time is over. */
async function quiet(open: ReadonlySet<ServerResponse>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, MOST_MS)
  })
  const closed = [...open].map((res) => new Promise((resolve) => res.once('close', resolve)))
  await Promise.race([Promise.all(closed), tooLong])
  clearTimeout(timer)
}
