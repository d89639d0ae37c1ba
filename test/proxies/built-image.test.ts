/**
 * `ops/Dockerfile`, built as it stands by buildah, which needs no daemon, and run: as its own user, with all but `/data` read-only. The image of Node.js that it
 * begins with is made of this machine's own Node.js, so that no registry of images is asked. For root alone, on Linux, where buildah is.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

import { expect } from 'chai'
import { generateHubKeys } from 'session-hub/hub'

import { freePort } from '../support/free-port.js'
import { lookForProgram } from '../support/programs.js'
import { root } from '../support/titles.js'

const run = promisify(execFile)
const NODE_IMAGE = 'docker.io/library/node:24-bookworm-slim'
const CERTIFICATES = '/etc/ssl/certs'

/** docs/shipping.md states it; a dependency that makes the image much larger is noticed here. */
const MOST_MEGABYTES = 80

interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly WorkingDir: string
  readonly StopSignal: string
  readonly Healthcheck: { readonly Test: readonly string[] }
}

describe('ops/Dockerfile, built', () => {
  const program = lookForProgram('SESSION_HUB_BUILDAH')
  let folder: string
  /** The root of the image's file system. */
  let image: string
  let config: ImageConfig
  let hub: ChildProcess | undefined

  const buildah = async (...args: string[]) => {
    const places = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run')]
    const { stdout } = await run(program!, [...places, ...args], { maxBuffer: 2 ** 24 })
    return stdout.trim()
  }

  before(async function () {
    this.timeout(600_000)
    if (process.platform !== 'linux' || process.getuid?.() !== 0 || !program) return this.skip()
    folder = mkdtempSync(join(tmpdir(), 'session-hub-built-'))
    chmodSync(folder, 0o755)
    await makeNodeImage()
    mkdirSync(join(folder, 'context'))
    const packed = ['pack', '--ignore-scripts', '--silent', '--pack-destination', join(folder, 'context')]
    await run('npm', packed, { cwd: root })
    const where = ['--isolation', 'chroot', '--network', 'host', '--pull=false', '--format', 'docker']
    const what = ['--file', join(root, 'ops/Dockerfile'), '--tag', 'session-hub', join(folder, 'context')]
    await buildah('bud', ...where, ...what)
    const inspected = await buildah('inspect', '--type', 'image', 'session-hub')
    config = (JSON.parse(inspected) as { Docker: { config: ImageConfig } }).Docker.config
    image = await buildah('mount', await buildah('from', '--pull-never', 'session-hub'))
  })
  after(async () => {
    hub?.kill('SIGKILL')
    if (!(folder as string | undefined)) return
    await buildah('umount', '--all').catch(() => '')
    rmSync(folder, { recursive: true, force: true })
  })

  /** A shell, three commands, Node.js with npm, their libraries, and the certificates that this machine trusts. */
  async function makeNodeImage(): Promise<void> {
    const base = join(folder, 'base')
    const put = (path: string, as = path) => {
      mkdirSync(dirname(join(base, as)), { recursive: true })
      cpSync(realpathSync(path), join(base, as), { recursive: true, dereference: true })
    }
    const programs = ['/bin/sh', '/bin/mkdir', '/bin/chown', '/usr/bin/env']
    for (const path of [...programs, process.execPath]) {
      put(path, path === process.execPath ? '/usr/bin/node' : path)
      const { stdout } = await run('ldd', [path])
      for (const [library] of stdout.matchAll(/\/\S+/g)) put(library)
    }
    const npm = dirname(dirname(realpathSync((await run('sh', ['-c', 'command -v npm'])).stdout.trim())))
    put(npm, '/usr/lib/node_modules/npm')
    symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(base, 'usr/bin/npm'))
    put(CERTIFICATES)
    mkdirSync(join(base, 'tmp'), { mode: 0o1777 })
    const container = await buildah('from', 'scratch')
    await buildah('add', container, base, '/')
    const { NODE_EXTRA_CA_CERTS: trusted } = process.env
    const env = ['PATH=/usr/bin:/bin', ...(trusted ? [`NODE_EXTRA_CA_CERTS=${trusted}`] : [])]
    await buildah('config', ...env.flatMap((pair) => ['--env', pair]), container)
    await buildah('commit', '--rm', container, NODE_IMAGE)
  }

  it('adds no more to the image of Node.js than it says', async () => {
    const { stdout } = await run('du', ['-sm', join(image, 'app')])
    expect(parseInt(stdout)).to.be.within(10, MOST_MEGABYTES)
    const { uid, gid } = statSync(join(image, 'data'))
    expect([uid, gid].join(':')).to.equal(config.User)
  })

  it('runs as a user without rights, writes nowhere but into /data, is healthy while it runs, and ends by its stop signal', async () => {
    const data = join(folder, 'data')
    mkdirSync(data)
    const [uid = 0, gid = 0] = config.User.split(':').map(Number)
    expect(uid).to.be.above(0)
    chownSync(data, uid, gid)
    const pairs = config.Env.map((pair): [string, string] => {
      const [name = '', ...value] = pair.split('=')
      return [name, value.join('=')]
    })
    const env: NodeJS.ProcessEnv = {
      ...Object.fromEntries(pairs),
      SESSION_HUB_PORT: String(await freePort()),
      SESSION_HUB_ORIGIN: 'https://hub.example',
      SESSION_HUB_HUB_KEYS: JSON.stringify(generateHubKeys()),
      SESSION_HUB_PROXY_HOPS: '1',
    }
    // As a container: file systems of its own, the image's read-only, and a volume.
    const contained =
      'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && mount --bind "$1" "$0/data" && shift && cd "$0" && exec "$@"'
    const inside = (user: string, dir: string, args: readonly string[]) => [
      'chroot',
      `--userspec=${user}`,
      image,
      ...['/usr/bin/env', '-C', dir, ...args],
    ]
    const begun = ['sh', '-c', contained, image, data]
    const command = inside(config.User, config.WorkingDir, [...config.Entrypoint, ...config.Cmd])
    hub = spawn('unshare', ['--mount', ...begun, ...command], {
      env: { ...env, PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for await (const line of createInterface(hub.stdout!)) if (line.includes('"event":"listening"')) break
    hub.stdout!.resume()
    /** In the same file systems, as `docker exec` has it. */
    const beside = (user: string, ...args: string[]) =>
      spawnSync('nsenter', [`--mount=/proc/${hub!.pid}/ns/mnt`, ...inside(user, config.WorkingDir, args)], {
        env: { ...env, PATH: process.env['PATH'] },
        encoding: 'utf8',
      })
    const [kind, ...check] = config.Healthcheck.Test
    expect(kind).to.equal('CMD')

    expect(beside(config.User, ...check).status).to.equal(0)
    expect(readdirSync(data)).to.include('session-hub.sqlite')
    for (const user of [config.User, '0:0'])
      expect(beside(user, 'sh', '-c', 'echo > /app/written').stderr).to.include('Read-only file system')
    expect(beside(config.User, 'sh', '-c', 'echo > /data/written').status).to.equal(0)

    const exit = once(hub, 'exit')
    hub.kill(config.StopSignal as NodeJS.Signals)
    expect(await exit).to.deep.equal([0, null])
  }).timeout(60_000)
})
