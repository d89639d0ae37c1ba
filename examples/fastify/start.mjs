/** Starts a hub, and this example's site on two domains of your machine: `node start.mjs <program> [arguments]` */
import { spawn } from 'node:child_process'
import express from 'express'
import { createHub, generateHubKeys, generateSite, memoryStore } from 'session-hub/hub'

const firstPort = Number(process.env.PORT ?? 4000)
const [hubOrigin, ...origins] = ['hub', 'shop', 'travel'].map(
  (name, index) => `http://${name}.localhost:${firstPort + index}`,
)

// Everything lasts until you stop the example. A real hub keeps its keys, its sites and its sessions: see the tutorial.
const sites = await Promise.all(origins.map((origin) => generateSite(origin)))
const hub = await createHub({
  origin: hubOrigin,
  keys: generateHubKeys(),
  sites: sites.map(({ registration }) => registration),
  store: memoryStore(),
})
const app = express()
app.use(hub.router)
app.listen(firstPort, '127.0.0.1', (error) => {
  if (error) throw error
  console.log(`The hub listens at ${hubOrigin}`)
})

for (const [index, { keys }] of sites.entries()) {
  const ORIGIN = origins[index]
  const site = { ORIGIN, PORT: new URL(ORIGIN).port, HUB: hubOrigin, SESSION_HUB_KEYS: JSON.stringify(keys) }
  const child = spawn(process.execPath, process.argv.slice(2), {
    stdio: 'inherit',
    env: { ...process.env, ...site },
  })
  child.on('exit', (code) => process.exit(code ?? 1))
  process.on('exit', () => child.kill())
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0))
