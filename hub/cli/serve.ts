/** `session-hub serve`. */
import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'

import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { type Command, readArguments, UsageError } from './command.js'
import { configHelp } from './config-help.js'
import { isInEnvironment, readConfig, type ServeConfig } from './config.js'
import { KEYS_VARIABLE } from './environment.js'
import { createServeLog, type ServeLog } from './serve-log.js'
import { leave } from './terminal.js'
import { runWorkers, workerNumber } from './workers.js'

export const serve: Command = {
  help: `Usage: session-hub serve [--config <file>] [--workers <n>]

Runs the hub until SIGTERM or SIGINT; open requests get eight seconds to finish. SIGHUP reads the
configuration again, with its keys and sites. The hub speaks plain HTTP: put a proxy with TLS in front of it.
Logs go to stdout, as JSON lines unless stdout is a terminal.

Options:
  --config <file>  JSON, or .mjs with a default export; without it, everything is in the environment
  --workers <n>    how many processes share the port, from 1 to the number of processors. A process that
                   dies is replaced. Default 1

Configuration (paths are relative to the file; only "origin" and the keys have no default):
${configHelp()}

In the environment: each of these as SESSION_HUB_ and its name, such as SESSION_HUB_PORT or SESSION_HUB_PROXY_HOPS, objects
and lists as JSON; the hub's keys as ${KEYS_VARIABLE}. With _FILE after its name, a variable names a file that
holds the value. What the configuration file contains takes precedence.

Example:
  { "origin": "https://hub.example", "keys": "hub-keys.json", "sites": "sites.json", "proxyHops": 1 }
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
    const log = createServeLog(process.stdout, cluster.isWorker ? workerNumber() : undefined)
    if (cluster.isPrimary) warn(config, log)
    // A process that only supervises workers, or finds the configuration wrong, needs no hub.
    const { serveHub } = await import('./serve-hub.js')
    await serveHub(config, () => readConfig(values.config, process.env), workers, log)
    leave(0)
  },
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
