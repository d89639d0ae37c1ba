/** The hub's process ends and starts again: a new hub with the same keys and sites, on the same port. */
import { once } from 'node:events'
import http from 'node:http'

import express from 'express'
import { createHub, type HubOptions } from 'session-hub/hub'

import type { World } from './world.js'

/** @returns what closes the new hub; the world closes the rest */
export async function restartHub(world: World, options: Partial<HubOptions>): Promise<() => Promise<void>> {
  const { hub, sites, log } = world
  await hub.listener.stop()
  await hub.hub.close()
  const next = await createHub({
    origin: hub.origin,
    keys: hub.keys,
    sites: Object.values(sites).map(({ registration }) => registration),
    log: (entry) => void log.push(entry),
    now: () => world.now(),
    ...options,
  })
  const server = http.createServer(express().use(next.router)).listen(hub.listener.port, '127.0.0.1')
  await once(server, 'listening')
  return async () => {
    server.closeAllConnections()
    server.close()
    await next.close()
  }
}
