/** What becomes of acknowledged writes, and of those who ask, when the one file fails. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { DatabaseSync } from '@photostructure/sqlite'
import { expect } from 'chai'

import { type Scene, startScene } from './scene.js'

const engine = 'SQLite'

describe('hubs on SQLite', () => {
  let folder: string
  const closing: (() => unknown)[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'session-hub-faults-'))
    closing.push(() => {
      rmSync(folder, { recursive: true })
    })
  })
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  async function begin(path: string): Promise<Scene> {
    const scene = await startScene({ kind: 'sqlite', path })
    closing.push(() => scene.close())
    return scene
  }

  it('lose nothing while another program locks the file', async () => {
    const path = join(folder, 'hub.sqlite')
    const scene = await begin(path)
    const other = new DatabaseSync(path)
    other.exec('PRAGMA busy_timeout = 10000')
    other.exec('BEGIN IMMEDIATE')
    await delay(2000)
    other.exec('ROLLBACK')
    other.close()
    await scene.callers.more(60)
    const promised = 'writes wait for `busyTimeoutMs`, then 503; nothing lost'
    expect(await scene.finish({ engine, fault: 'locked by another program for 2 s', promised })).to.equal(0)
  })

  it('refuse writes where the disk is full, and go on when there is room', async function () {
    if (process.getuid?.() !== 0) this.skip()
    const small = join(folder, 'small')
    mkdirSync(small)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small])
    } catch {
      this.skip()
    }
    closing.push(() => execFileSync('umount', ['-l', small]))
    const scene = await begin(join(small, 'hub.sqlite'))
    const filler = join(small, 'filler')
    fill(filler)
    await scene.refused('503 unavailable', 5)
    await delay(2000)
    rmSync(filler)
    await scene.callers.more(60)
    expect(
      await scene.finish({ engine, fault: 'disk full for 2 s', promised: 'writes 503; nothing lost' }),
    ).to.equal(0)
  })

  it('refuse everything while the file is moved away, and go on when it is back', async () => {
    const place = join(folder, 'place')
    mkdirSync(place)
    const scene = await begin(join(place, 'hub.sqlite'))
    renameSync(place, join(folder, 'away'))
    await scene.refused('503 unavailable', 5)
    await delay(2000)
    renameSync(join(folder, 'away'), place)
    await scene.callers.more(60)
    const fault = 'file moved away for 2 s'
    expect(await scene.finish({ engine, fault, promised: '503; nothing lost' })).to.equal(0)
  })
})

/** Takes all that is free. */
function fill(path: string): void {
  for (const bytes of [65_536, 4096, 512])
    for (;;) {
      try {
        writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' })
      } catch {
        break
      }
    }
}
