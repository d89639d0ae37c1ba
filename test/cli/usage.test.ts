import { readFileSync } from 'node:fs'
import { expect } from 'chai'

import { commands } from '../../hub/cli/commands.js'
import { type Folder, newFolder } from './command.js'
import { refusalOf } from './refusals.js'

const names = Object.keys(commands)

describe('session-hub', () => {
  let folder: Folder
  beforeEach(() => (folder = newFolder()))
  afterEach(() => folder.close())

  it('lists every command with --help, on stdout', async () => {
    const { code, stdout, stderr } = await folder.run('--help')

    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(names).to.have.length.above(20)
    for (const name of names) expect(stdout).to.match(new RegExp(`^  ${name} +\\w`, 'm'))
  })

  for (const command of ['keys', 'sites add', 'serve']) {
    it(`explains "${command}" with --help, whatever else is asked`, async () => {
      const { code, stdout, stderr } = await folder.run(...command.split(' '), '--help', '--nonsense')

      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout).to.equal((await commands[command]!.load()).help)
    })
  }

  for (const [name, { load }] of Object.entries(commands)) {
    it(`has a help of "${name}" that begins with its usage`, async () => {
      expect((await load()).help).to.match(new RegExp(`^Usage: session-hub ${name} `))
    })
  }

  it("prints the package's version", async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }

    expect(await folder.run('--version')).to.deep.equal({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  const slips: readonly { args: string[]; says: string }[] = [
    { args: [], says: 'which command?' },
    { args: ['serv'], says: 'unknown command "serv"; did you mean "serve"?' },
    { args: ['sites', 'lst'], says: 'unknown command "sites lst"; did you mean "sites list"?' },
    {
      args: ['site', 'add', 'https://shop.example'],
      says: 'unknown command "site"; did you mean "sites add"?',
    },
    { args: ['sites'], says: 'unknown command "sites"; known are ' },
    { args: ['--config', 'hub.json', 'serve'], says: 'the command comes first, before "--config"' },
    {
      args: ['serve', '--confg', 'hub.json'],
      says: 'unknown option "--confg" of "serve"; did you mean "--config"?',
    },
    {
      args: ['keys', '--colour'],
      says: 'unknown option "--colour" of "keys"; known are --help, --out, --force',
    },
    { args: ['keys', '--out'], says: "Option '--out <value>' argument missing" },
    { args: ['keys', '--force'], says: '"--force" needs "--out <file>"' },
    { args: ['doctor'], says: '"doctor" needs <hub>, such as https://hub.example' },
    { args: ['doctor', 'https://hub.example'], says: '"doctor" needs <site>, such as https://shop.example' },
    {
      args: ['doctor', 'https://hub.example', 'https://shop.example/'],
      says: 'did you mean "https://shop.example"?',
    },
    {
      args: ['doctor', 'https://hub.example', 'https://shop.example', '--ignore', 'bounce_traking'],
      says: '--ignore: there is no finding "bounce_traking"; did you mean "bounce_tracking"?',
    },
    {
      args: ['doctor', 'https://hub.example', 'https://shop.example', '--page', '//evil.example'],
      says: '--page: "//evil.example" is not a path',
    },
    {
      args: ['doctor', 'https://hub.example', 'https://shop.example', '--timeout', '0'],
      says: '--timeout: a whole number of seconds from 1 to 60',
    },
    { args: ['serve'], says: '"serve" needs "--config <file>"' },
    { args: ['serve', '--config', 'hub.json', 'now'], says: '"serve" does not know what to do with "now"' },
    { args: ['sessions', 'list'], says: '"sessions list" needs "--config <file>"' },
    { args: ['session', 'list'], says: 'did you mean "sessions list"?' },
    { args: ['sessions', 'end', '--config', 'hub.json'], says: 'needs either refs, "--subject" or "--all"' },
    { args: ['sessions', 'end', 'ref', '--all'], says: 'needs either refs, "--subject" or "--all"' },
    { args: ['sessions', 'end', 'ref', '--site', 'x'], says: 'takes a search with "--all" only' },
    { args: ['sessions', 'end', '--al'], says: 'did you mean "--all"?' },
    { args: ['audit', 'ada'], says: '"audit" does not know what to do with "ada"' },
    { args: ['admin', 'token'], says: '"admin token" needs "--name <name>"' },
    { args: ['admin', 'token', '--name', 'ada'], says: '"admin token" needs "--permissions <list>"' },
    {
      args: ['admin', 'token', '--name', 'ada', '--permissions', 'all'],
      says: '"permissions" has to be one of "read", "logout", "logout-all"',
    },
    { args: ['sdk'], says: '"sdk" needs "--hub <origin>"' },
    { args: ['sites', 'list'], says: '"sites list" needs "--file <file>"' },
    { args: ['sites', 'add'], says: '"sites add" needs <origin>' },
    { args: ['sites', 'add', 'shop.example'], says: 'write it as "https://shop.example"' },
    { args: ['sites', 'add', 'https://Shop.example/'], says: 'did you mean "https://shop.example"?' },
    { args: ['sites', 'add', 'http://shop.example'], says: 'has to be https' },
    {
      args: ['sites', 'add', 'https://shop.example', '--sister', 'travel.example'],
      says: 'sites add: "sisters": "travel.example" is not an origin; write it as',
    },
    {
      args: ['sites', 'add', 'https://shop.example', '--sisters', 'https://travel.example'],
      says: 'unknown option "--sisters" of "sites add"; did you mean "--sister"?',
    },
    {
      args: ['sites', 'add', 'https://shop.example', '--endpoint', '/own/path/'],
      says: 'sites add: "endpoint" has to be a path such as "/session-hub"',
    },
  ]
  for (const { args, says } of slips) {
    it(`refuses "${args.join(' ')}" as a wrong usage, and says what was meant`, async () => {
      const refusal = await refusalOf(...args)

      expect(refusal.code).to.equal(2)
      expect(refusal.says).to.include(says)
    })
  }

  for (const args of [[], ['sites', 'lst'], ['serve', '--confg', 'hub.json'], ['doctor']]) {
    it(`ends with exit code 2 and one line at "${args.join(' ')}", and offers the help`, async () => {
      const { says } = await refusalOf(...args)
      const { code, stdout, stderr } = await folder.run(...args)

      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
      const [line, help, ...rest] = stderr.split('\n')
      expect(line).to.equal(`session-hub: ${says}`)
      expect(help).to.match(/^"session-hub .*--help" shows what there is\.$/)
      expect(rest).to.deep.equal([''])
    })
  }

  it('writes no colour where nobody sees it', async () => {
    const runs = await Promise.all([
      folder.runWith({ FORCE_COLOR: '1' }, '--help'),
      folder.runWith({ FORCE_COLOR: '1' }, 'nonsense'),
      folder.runWith({ FORCE_COLOR: '1' }, 'keys'),
    ])

    for (const { stdout, stderr } of runs) expect(stdout + stderr).to.not.include('\u001b')
  })
})
