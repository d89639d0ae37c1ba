/** The unit of `ops` for systemd, held to `systemd-analyze` where that is installed. Nothing is started. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { expect } from 'chai'

import { root } from '../support/titles.js'

const unit = readFileSync(join(root, 'ops/session-hub.service'), 'utf8')
/** The directives of a section, in their order. */
const section = (name: string): ReadonlyMap<string, string> => {
  const [, lines = ''] = new RegExp(`^\\[${name}\\]$([^[]*)`, 'm').exec(unit) ?? []
  return new Map([...lines.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', setting = '']) => [key, setting]))
}

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0
const EXECUTABLES = ['/usr/bin/node', '/bin/kill', '/opt/session-hub/node_modules/session-hub/dist/cli.js']

describe('ops: the unit for systemd', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'session-hub-unit-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  /** As on a machine where the package is installed: `verify` looks for the programs. */
  function analyze(text: string, ...args: string[]) {
    for (const path of EXECUTABLES) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), '#!/bin/sh\n', { mode: 0o755 })
    }
    const file = join(folder, 'session-hub.service')
    const placed = EXECUTABLES.reduce(
      (words, path) => words.replaceAll(`=${path} `, `=${join(folder, path)} `),
      text,
    )
    writeFileSync(file, placed)
    const { status, stdout, stderr } = spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' })
    return { status, said: stdout + stderr }
  }

  it('has no directive that systemd does not know, and no value that it does not take', function () {
    if (!hasSystemd) this.skip()
    expect(analyze(unit, 'verify', '--man=no').said).to.equal('')
    expect(analyze(unit.replace('UMask=0077', 'UMask=rwx'), 'verify', '--man=no').said).to.include('rwx')
    expect(analyze(unit.replace('KillMode', 'KilMode'), 'verify', '--man=no').said).to.include('KilMode')
  })

  it('shuts the hub in: its exposure is "OK" at least, as systemd reckons it', function () {
    if (!hasSystemd) this.skip()
    const { status, said } = analyze(unit, 'security', '--offline=yes', '--threshold=20', '--no-pager')
    expect(status, said).to.equal(0)
    const bare = unit.replace(/^NoNewPrivileges[^]*?(?=\n\n)/m, '')
    expect(analyze(bare, 'security', '--offline=yes', '--threshold=20', '--no-pager').status).not.to.equal(0)
  })

  it('starts the command that the package has, and writes where its head says that the store is', () => {
    const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      bin: { 'session-hub': string }
    }
    const service = section('Service')
    expect(service.get('ExecStart')).to.equal(
      `/usr/bin/node /opt/session-hub/node_modules/session-hub/${bin['session-hub']} serve --config /etc/session-hub/hub.json`,
    )
    const state = `/var/lib/${service.get('StateDirectory')}`
    expect(service.get('WorkingDirectory')).to.equal(state)
    expect(unit).to.include(`"store": "${state}/sessions.sqlite"`)
    expect(unit).to.include(`useradd --system --no-create-home ${service.get('User')}`)
  })

  it('gives requests longer to finish than the hub takes at most', () => {
    expect(Number(section('Service').get('TimeoutStopSec'))).to.be.above(8)
    expect(section('Service').get('KillMode')).to.equal('mixed')
  })
})
