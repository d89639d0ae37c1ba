import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'

import { type Folder, newFolder } from './command.js'

describe('session-hub sdk', () => {
  let folder: Folder
  beforeEach(() => (folder = newFolder()))
  afterEach(() => folder.close())

  it('prints a tag whose integrity value is that of the SDK', async () => {
    const { code, stdout } = await folder.run('sdk', '--hub', 'https://hub.example')

    const digest = createHash('sha384').update(readFileSync('dist/sdk.js')).digest('base64')
    expect(code).to.equal(0)
    expect(stdout).to.match(
      /^<script async src="https:\/\/hub\.example\/sdk\.[\w-]{12}\.js" [^\n]+><\/script>\n$/,
    )
    expect(stdout).to.include(`integrity="sha384-${digest}" crossorigin="anonymous"`)
  })

  it('names the very file that a hub serves', async () => {
    const hub = await folder.serve({ store: 'memory' })
    const { stdout } = await folder.run('sdk', '--hub', 'https://hub.example')
    const [, path = '', integrity] =
      /src="https:\/\/hub\.example([^"]+)" integrity="([^"]+)"/.exec(stdout) ?? []

    const response = await hub.get(path)

    expect(response.status).to.equal(200)
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(`sha384-${createHash('sha384').update(bytes).digest('base64')}`).to.equal(integrity)
  })
})
