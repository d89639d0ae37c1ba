/**
 * A site in a process of its own, which can be told to stop as applications do it, and then has to end by itself. `forkSite` starts one
 * from a test; forked, this file runs `main`.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { generateSite } from 'session-hub/hub'
import { createSite, type SiteOptions } from 'session-hub/site'

import { listen } from './listener.js'
import { siteApp } from './site-app.js'
import type { World } from './world.js'

type Task = Pick<SiteOptions, 'origin' | 'hub' | 'keys' | 'live'>

export interface SiteProcess {
  readonly origin: string
  /** Closes its server, and on request the site too. @returns the exit code of the process, which nobody ends but itself */
  stop(isSiteClosed: boolean): Promise<number | null>
  kill(): void
}

export async function forkSite(name: string, world: World): Promise<SiteProcess> {
  const child = fork(fileURLToPath(import.meta.url), ['worker', name], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [origin] = (await once(child, 'message')) as [string]
  const { keys, registration } = await generateSite(origin)
  world.register(registration)
  child.send({ origin, hub: world.hub.origin, keys, live: true } satisfies Task)
  await once(child, 'message')
  return {
    origin,
    async stop(isSiteClosed) {
      const exit = once(child, 'exit')
      child.send({ isSiteClosed })
      return (await exit)[0] as number | null
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

async function main(name: string): Promise<void> {
  const leave = () => process.exit()
  process.once('disconnect', leave) // the test is gone, however it ended
  const listener = await listen(`${name}.localhost`)
  const task = once(process, 'message')
  process.send?.(listener.origin)
  const [options] = (await task) as [Task]
  const site = await createSite(options)
  listener.use(siteApp(name, site))
  const order = once(process, 'message')
  process.send?.('ready')
  const [{ isSiteClosed }] = (await order) as [{ isSiteClosed: boolean }]
  if (isSiteClosed) site.close()
  await listener.close()
  process.off('disconnect', leave)
  process.disconnect()
}

const [, , role, name] = process.argv
if (role === 'worker' && name) await main(name)
