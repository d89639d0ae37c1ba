/**
 * A site behind a proxy, in a process of its own: only so does it trust the proxy's certificate. `forkShop` starts one from a test; forked, this file
 * runs `main`.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

import express from 'express'
import { createSite, type SiteOptions } from 'session-hub/site'

interface Task {
  readonly port: number
  readonly site: Pick<SiteOptions, 'origin' | 'hub' | 'keys'>
}

/** @param ca the file with the certificate that it trusts */
export async function forkShop(task: Task, ca: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(import.meta.url), ['worker'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: ca },
  })
  child.send(task)
  await once(child, 'message')
  return child
}

async function main(): Promise<void> {
  process.once('disconnect', () => process.exit()) // the test is gone, however it ended
  const [{ port, site: options }] = (await once(process, 'message')) as [Task]
  const site = await createSite({ ...options, live: true })
  const app = express().set('trust proxy', 1)
  app.use(site.router, site.session(), express.json())
  app.get('/', (req, res) => {
    res.set('content-security-policy', `script-src 'self'; frame-src ${options.hub}; connect-src 'self'`)
    res.send(`<!doctype html><title>Shop</title>${site.scriptTag(req)}`)
  })
  app.get('/seen', ({ ip, protocol, headers }, res) => {
    res.json({ ip, protocol, host: headers.host, origin: headers.origin })
  })
  app.post('/sign-in', async (req, res) => {
    await site.signIn(req, res, { subject: (req.body as { name: string }).name })
    res.json({ subject: req.session.subject })
  })
  const server = createServer(app).listen(port, '127.0.0.1')
  await once(server, 'listening')
  process.send?.('ready')
}

if (process.argv[2] === 'worker') await main()
