/** What `ops/Dockerfile` would do, done without Docker: its own install line, its entry point as another user, and its health check. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

import { expect } from 'chai'
import { generateHubKeys } from 'session-hub/hub'

import { freePort } from '../support/free-port.js'
import { root } from '../support/titles.js'

const run = promisify(execFile)
const dockerfile = readFileSync(join(root, 'ops/Dockerfile'), 'utf8')
/** The words behind an instruction, of its last line of that kind. */
const lastOf = (instruction: string) =>
  [...dockerfile.matchAll(new RegExp(`^${instruction} (.*)$`, 'gm'))].at(-1)?.[1] ?? ''
const listIn = (words: string) => JSON.parse(words.slice(words.indexOf('['))) as string[]

/** Only root may start a process as somebody else; where the tests have another user, that one is it. */
const isRoot = process.getuid?.() === 0
const USER = { uid: 1000, gid: 1000 }

/** docs/shipping.md states it; a dependency that makes the image much larger is noticed here. */
const MOST_MEGABYTES = 80

describe('ops/Dockerfile', () => {
  let folder: string
  const inFolder = (words: string) =>
    words.replaceAll('/package/', join(folder, 'package/')).replaceAll('/app/', join(folder, 'app/'))

  before(async function () {
    this.timeout(300_000)
    folder = mkdtempSync(join(tmpdir(), 'session-hub-image-'))
    chmodSync(folder, 0o755)
    for (const name of ['app', 'package', 'data']) mkdirSync(join(folder, name), { mode: 0o755 })
    await run(
      'npm',
      ['pack', '--ignore-scripts', '--silent', '--pack-destination', join(folder, 'package')],
      {
        cwd: root,
      },
    )
    const [tarball = ''] = readdirSync(join(folder, 'package'))
    expect(tarball).to.match(/^session-hub-.*\.tgz$/)
    renameSync(join(folder, 'package', tarball), join(folder, 'package/session-hub.tgz'))
    const install = /^RUN (npm install .*)$/m.exec(dockerfile)?.[1] ?? ''
    await run('sh', ['-e', '-c', inFolder(install)], { cwd: join(folder, 'app') })
    if (isRoot) chownSync(join(folder, 'data'), USER.uid, USER.gid)
  })
  after(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it('installs no more than it says', async () => {
    const { stdout } = await run('du', ['-sm', join(folder, 'app')])
    expect(parseInt(stdout)).to.be.at.most(MOST_MEGABYTES)
  })

  it('starts as a user without rights, is healthy while it runs, ends by its stop signal, and is unhealthy then', async () => {
    expect(lastOf('USER')).to.equal(`${USER.uid}:${USER.gid}`)
    const image: Record<string, string> = Object.fromEntries(
      [...lastOf('ENV').matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']): [string, string] => [
        name,
        value,
      ]),
    )
    const env = {
      PATH: process.env['PATH'],
      ...image,
      SESSION_HUB_PORT: String(await freePort()),
      SESSION_HUB_ORIGIN: 'https://hub.example',
      SESSION_HUB_HUB_KEYS: JSON.stringify(generateHubKeys()),
      SESSION_HUB_PROXY_HOPS: '1',
    }
    const options = { env, cwd: join(folder, 'data'), ...(isRoot && USER) }
    const [command = '', ...args] = [...listIn(lastOf('ENTRYPOINT')), ...listIn(lastOf('CMD'))].map(inFolder)
    const [check = '', ...how] = listIn(lastOf('HEALTHCHECK'))
    const isHealthy = () =>
      run(check, how, options).then(
        () => 0,
        (thrown: unknown) => (thrown as { code: number }).code,
      )
    const hub = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      for await (const line of createInterface(hub.stdout)) if (line.includes('"event":"listening"')) break
      expect(await isHealthy()).to.equal(0)
      expect(readdirSync(join(folder, 'data'))).to.include('session-hub.sqlite')

      const exit = once(hub, 'exit')
      hub.stdout.resume()
      hub.kill(lastOf('STOPSIGNAL') as NodeJS.Signals)
      expect(await exit).to.deep.equal([0, null])
      expect(await isHealthy()).to.equal(1)
    } finally {
      hub.kill('SIGKILL')
    }
  })
})
