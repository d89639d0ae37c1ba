/**
 * One more process of a site, with the same keys: redeems one ticket when it is told to. `inSiteProcesses` starts several from a
 * test; forked, this file runs `main`.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import type { GeneratedSiteKeys } from 'session-hub/hub'
import { createSite } from 'session-hub/site'

import { listen } from './listener.js'
import { send } from './visitor.js'

export interface RedeemTask {
  /** The site's and the hub's origins. */
  readonly origin: string
  readonly hub: string
  readonly keys: GeneratedSiteKeys
  readonly body: { readonly ticket: string; readonly verifier: string }
}

/** Redeems the same ticket in `processes` new processes at once; answers their statuses. */
export async function inSiteProcesses(processes: number, task: RedeemTask): Promise<number[]> {
  const workers = Array.from({ length: processes }, () =>
    fork(fileURLToPath(import.meta.url), ['worker'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  )
  const toAll = async (message: object) => {
    const answers = workers.map((worker) => once(worker, 'message'))
    for (const worker of workers) worker.send(message)
    return (await Promise.all(answers)).map(([answer]) => Number(answer))
  }
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    await toAll(task)
    return await toAll({ go: true })
  } finally {
    for (const worker of workers) worker.kill('SIGKILL')
  }
}

async function main(): Promise<void> {
  process.send?.(0)
  const [task] = (await once(process, 'message')) as [RedeemTask]
  const listener = await listen('site.localhost')
  const site = await createSite({ origin: task.origin, hub: task.hub, keys: task.keys })
  listener.use(site.router)
  const told = once(process, 'message')
  process.send?.(0)
  await told
  const reply = await send(`${listener.origin}/session-hub/redeem`, {
    method: 'POST',
    body: task.body,
    headers: {
      host: new URL(task.origin).host,
      origin: task.origin,
      'content-type': 'application/json',
    },
  })
  process.send?.(reply.status)
}

if (process.argv[2] === 'worker') await main()
