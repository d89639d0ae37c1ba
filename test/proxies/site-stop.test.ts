/** The example site of `ops`, told to stop as an orchestrator does: by a real SIGTERM, while it is in use. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { expect } from 'chai'
import { generateSite } from 'session-hub/hub'

import { keepBusy } from '../support/busy-connections.js'
import { freePort } from '../support/free-port.js'
import { root } from '../support/titles.js'
import { startWorld, type World } from '../support/world.js'

/** What Kubernetes and compose.yaml leave a process before they kill it is more. */
const LIMIT_MS = 10_000

describe('ops/site.mjs', () => {
  let world: World
  beforeEach(async () => (world = await startWorld({ sites: [] })))
  afterEach(() => world.close())

  it('ends by SIGTERM under 20 busy connections, and cuts off none of them', async () => {
    const origin = `http://shop.localhost:${await freePort()}`
    const { keys, registration } = await generateSite(origin)
    world.register(registration)
    const site = spawn(process.execPath, [join(root, 'ops/site.mjs')], {
      env: {
        ...process.env,
        ORIGIN: origin,
        HUB: world.hub.origin,
        SESSION_HUB_KEYS: JSON.stringify(keys),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      await once(createInterface(site.stdout), 'line')
      const busy = keepBusy(origin, '/session', 20)
      await busy.answered(3)

      const beganMs = performance.now()
      const exit = once(site, 'exit')
      site.kill('SIGTERM')

      expect(await busy.ends).to.deep.equal(Array.from({ length: 20 }, () => 'told'))
      expect(await exit).to.deep.equal([0, null])
      expect(performance.now() - beganMs).to.be.below(LIMIT_MS)
    } finally {
      site.kill('SIGKILL')
    }
  })
})
