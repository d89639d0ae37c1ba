/** The documents say what the code does: their tables are the code’s, and their links lead somewhere. Nothing is started for it. */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { expect } from 'chai'

import { siteNames } from '../../demo/sites.js'
import { keyMergeNames, mergeNames } from '../../hub/flows/merge-rules.js'
import { configRows } from '../../hub/cli/config-rows.js'
import { resolveHubOptions } from '../../hub/options.js'
import { errorCodes, SessionHubError } from '../../sdk/protocol/errors.js'
import { endReasons, modes, replaceReasons } from '../../sdk/protocol/wire.js'
import {
  text,
  documents,
  sectionOf,
  tableOf,
  cellsOf,
  rowOf,
  codeOf,
  withoutCode,
  anchorsOf,
} from '../support/documents.js'
import { root } from '../support/titles.js'
import { membersOf, defaultsOf, flagsOf } from '../support/source-text.js'

describe('the README', () => {
  it('is short enough to read', () => {
    expect(text('README.md').trimEnd().split('\n')).to.have.length.at.most(200)
  })
})

describe('docs/options.md', () => {
  const options = text('docs/options.md')

  describe('and its neighbours list every option', () => {
    const client = 'docs/client.md'
    const lists: readonly { document?: string; heading: string; names: readonly string[] }[] = [
      { heading: '## `createHub(options)`', names: membersOf('hub/options.ts', 'HubOptions') },
      { heading: '## `createHub(options)`', names: membersOf('hub/routes/limits.ts', 'RateLimits') },
      { heading: '## `createHub(options)`', names: membersOf('hub/sites/site.ts', 'SiteRegistration') },
      { heading: '## `createHub(options)`', names: membersOf('hub/sites/site.ts', 'SharePolicy') },
      {
        heading: '## `createHub(options)`',
        names: membersOf('hub/stores/sqlite/options.ts', 'SqliteOptions'),
      },
      { heading: '## `createHub(options)`', names: membersOf('hub/app.ts', 'Hub') },
      { heading: '## `createHub(options)`', names: ['tokens', 'authorize', 'isAdmin', 'auditSeconds'] },
      { heading: '## `createSite(options)`', names: membersOf('sdk/site/options.ts', 'SiteOptions') },
      { heading: '## `createSite(options)`', names: membersOf('sdk/site/options.ts', 'AppOptions') },
      { heading: '## `createSite(options)`', names: membersOf('sdk/site/site.ts', 'Site') },
      {
        heading: '## `createSite(options)`',
        names: membersOf('sdk/site/script-tag.ts', 'ScriptTagOptions'),
      },
      { heading: '## `createClient(options)`', names: membersOf('sdk/browser/options.ts', 'ClientOptions') },
      { heading: '## `session-hub serve', names: Object.keys(configRows) },
      { heading: '## `session-hub serve', names: flagsOf('hub/cli/sites.ts') },
      {
        document: 'docs/session.md',
        heading: '# `req.session`',
        names: membersOf('sdk/site/session/held-session.ts', 'SiteSession'),
      },
      { document: client, heading: '# The', names: membersOf('sdk/browser/client.ts', 'Client') },
      { document: client, heading: '# The', names: membersOf('sdk/browser/status.ts', 'Status') },
      { document: client, heading: '# The', names: membersOf('sdk/browser/events.ts', 'ClientEvents') },
      { document: client, heading: '# The', names: [...replaceReasons, ...endReasons, 'unknown'] },
    ]
    for (const { document = 'docs/options.md', heading, names } of lists) {
      it(`of ${document}, ${heading.replace(/^#+ /, '')}: ${names.join(', ')}`, () => {
        expect(names).to.not.be.empty
        const words = codeOf(sectionOf(text(document), heading))
        expect(words).to.include.members(names)
      })
    }

    it('with the defaults of the source', () => {
      for (const [source, heading] of [
        ['hub/options.ts', '## `createHub(options)`'],
        ['hub/sites/site.ts', '## `createHub(options)`'],
        ['sdk/site/options.ts', '## `createSite(options)`'],
        ['sdk/browser/options.ts', '## `createClient(options)`'],
      ] as const) {
        const section = sectionOf(options, heading)
        const defaults = defaultsOf(source)
        expect(defaults).to.have.length.above(2)
        for (const [name, value] of defaults) {
          expect(rowOf(section, name).at(-1), `${source}: ${name}`).to.include(value)
        }
      }
    })
  })
})

describe('docs/demo.md', () => {
  it('has the addresses of the demo', () => {
    const port = Number(/^const DEFAULT_PORT_BASE = (\d+)$/m.exec(text('demo/start.ts'))?.[1])
    const names = ['hub', ...siteNames]
    const addresses = names.map((name, index) => `http://${name}.localhost:${port + index}`)
    const listed = [...text('docs/demo.md').matchAll(/<(http:[^>]+)>/g)].map(([, address]) => address)
    expect(listed).to.have.members(addresses)
  })
})

describe('docs/performance.md', () => {
  it('has the size limits of the build', () => {
    const limited = JSON.parse(text('.size-limit.json')) as { name: string; limit: string }[]
    const page = text('docs/performance.md')
    const section = page.slice(page.indexOf('| file | bytes |'))
    expect(limited).to.not.be.empty
    expect(tableOf(section)).to.have.length(limited.length)
    for (const { name, limit } of limited) {
      const [, bytes = ''] = tableOf(section).find(([file = '']) => file.includes(`\`${name}\``)) ?? []
      expect(`${Number(bytes.replace(',', ''))} B`, name).to.equal(limit)
    }
  })
})

describe('docs/README.md', () => {
  it('leads to every page', () => {
    const linked = [...text('docs/README.md').matchAll(/\]\(([\w/.-]+\.md)\)/g)].map(([, path]) =>
      join('docs', path!),
    )
    expect(linked).to.include.members(
      documents.filter((name) => /^docs\/(?!(decisions\/0|README))/.test(name)),
    )
  })
})

describe('docs/verify.md', () => {
  const page = text('docs/verify.md')

  it('lists every option, with its default, and every member of the result', () => {
    const service = sectionOf(page, '## The service')
    for (const name of [
      ...membersOf('sdk/verify/verify.ts', 'VerifyOptions'),
      ...membersOf('sdk/verify/verify.ts', 'VerifiedSession').filter((name) => !name.endsWith('At')),
    ])
      rowOf(service, name)
    expect(codeOf(service)).to.include.members(membersOf('sdk/verify/verify.ts', 'VerifiedSession'))
    const defaults = defaultsOf('sdk/verify/verify.ts')
    expect(defaults).to.have.length.above(2)
    for (const [name, value] of defaults.filter(([, value]) => value !== 'the'))
      expect(rowOf(service, name).at(-1), name).to.include(value)
    expect(codeOf(sectionOf(page, '## The site'))).to.include.members(
      membersOf('sdk/site/token-session.ts', 'TokenSession'),
    )
  })
})

describe('docs/testing.md', () => {
  const page = text('docs/testing.md')

  it('lists every option, with its default, and every member of a test hub', () => {
    const section = sectionOf(page, '## The hub')
    for (const name of membersOf('sdk/testing/options.ts', 'TestHubOptions')) rowOf(section, name)
    for (const [name, value] of defaultsOf('sdk/testing/options.ts'))
      expect(rowOf(section, name).at(-1), name).to.include(value.replaceAll('`', ''))
    expect(codeOf(section)).to.include.members([
      ...membersOf('sdk/testing/test-hub.ts', 'TestHub'),
      ...membersOf('sdk/testing/test-hub.ts', 'SignedInAs'),
      ...membersOf('sdk/testing/visitor.ts', 'TestVisitor'),
      ...membersOf('sdk/site/account/sign-in.ts', 'SignIn'),
    ])
    const [, own = ''] = /^const OWN = \[([^\]]*)\] as const$/m.exec(text('sdk/testing/options.ts')) ?? []
    const kept = own.match(/\w+/g)
    expect(kept).to.have.length.above(4)
    const [, said = ''] = rowOf(section, 'hub')
    expect(codeOf(said.slice(said.indexOf('; not ')))).to.have.members(kept!)
    expect(codeOf(page)).to.include.members(membersOf('sdk/testing/clock.ts', 'Clock'))
  })
})

describe('docs/write-a-store.md', () => {
  const page = text('docs/write-a-store.md')

  it('lists every option of the contract, and every member of its world', () => {
    const section = sectionOf(page, '## Test it')
    expect(codeOf(section)).to.include.members([
      ...membersOf('sdk/testing/store-contract/suite.ts', 'StoreContractOptions'),
      ...['address', 'dump', 'remove'],
    ])
  })
})

describe('docs/frameworks', () => {
  it('has a page for each framework, with the versions that are tested', () => {
    const rows = tableOf(text('docs/frameworks.md'))
    const listed = rows.flatMap(([, , , page = '']) => [...page.matchAll(/\(frameworks\/([\w-]+\.md)\)/g)])
    expect(listed.map(([, name]) => name)).to.have.members(readdirSync(join(root, 'docs/frameworks')))
    const { devDependencies } = JSON.parse(text('package.json')) as {
      devDependencies: Record<string, string>
    }
    const versions = Object.fromEntries(rows.map(([name = '', version]) => [name.split(/\W/)[0]!, version]))
    for (const name of ['fastify', 'hono']) {
      const [major] = /\d+/.exec(devDependencies[name]!)!
      expect(versions[name[0]!.toUpperCase() + name.slice(1)]).to.equal(major)
    }
    const heavy = readdirSync(join(root, 'test/frameworks')).map((file) => text(`test/frameworks/${file}`))
    for (const [name, version] of [
      ['next', versions.Next],
      ['@nestjs/core', versions.NestJS],
    ])
      expect(heavy.join('')).to.include(`'${name}@${version}'`)
  })

  it('lists the options of the plugin for Fastify', () => {
    const page = text('docs/frameworks/fastify.md')
    for (const name of membersOf('sdk/site/fastify.ts', 'FastifySiteOptions')) rowOf(page, name)
    for (const [name, value] of defaultsOf('sdk/site/fastify.ts'))
      expect(rowOf(page, name).at(-1), name).to.include(value)
  })
})

describe('.github/workflows/test.yml', () => {
  it('runs every part of "npm run test:adapters"', () => {
    const listed = (source: string, name: string) =>
      new RegExp(`${name}.*?\\[(.*?)\\]`, 's').exec(text(source))?.[1]?.match(/[\w-]+/g) ?? []
    const parts = ['adapters', 'frameworks'].flatMap((name) => listed('test/adapters.mjs', `const ${name} =`))
    expect(parts).to.have.length.above(6)
    expect(listed('.github/workflows/test.yml', 'part:')).to.have.members([
      ...parts,
      'nextjs-suite',
      'guards',
    ])
  })
})

describe('docs/migrating.md', () => {
  const page = text('docs/migrating.md')
  const rows = page.split('\n').filter((line) => /^ *\|(?! (there|on there) |---)/.test(line))

  it('names, as ours, only what the other documents have', () => {
    const known = new Set(
      documents.filter((name) => name !== 'docs/migrating.md').flatMap((name) => codeOf(text(name))),
    )
    const named = rows.flatMap((row) => codeOf(cellsOf(row.trim())[1] ?? ''))
    expect(named).to.have.length.above(60)
    expect(named.filter((word) => !known.has(word))).to.deep.equal(['both', 'short', 'long'])
  })

  it('leads from their options to ours, with what ours are given', () => {
    const pairs: Record<string, readonly string[]> = {
      SHARED_SESSION_SITES: ['sites'],
      SHARED_SESSION_ALWAYS_REPLACE: ['alwaysReplace'],
      SHARED_SESSION_TIMEOUT: ['ticketSeconds'],
      session_replaced: ['onReplaced', ...membersOf('sdk/site/hook.ts', 'ReplacedEvent'), ...modes],
      CROSSDOMAIN_PRIMARY_SERVERNAME: ['hub'],
      CROSSDOMAIN_PATH: ['endpoint'],
      domain_loader: ['findSite', 'findOrigin'],
      may_set_cookie_loader: ['mayStore', 'consent_required'],
      last_session_check: ['interval'],
      FIELDS: ['fields'],
      CALLABLE: ['tokenClaims', ...membersOf('sdk/site/token-session.ts', 'TokenSession')],
      KEY: ['keys'],
      SESSION_FIELD: ['sessionField'],
      EXPIRES: ['freshForSeconds'],
      SINGLE_USER_SESSION: ['singleSession', ...membersOf('hub/flows/context.ts', 'SignedIn')],
      LOGOUT_ALL_SESSIONS: ['endAllOnSignOut'],
    }
    for (const [theirs, [option, ...members]] of Object.entries(pairs)) {
      // A row of the tables of packages, not of what all moves have in common.
      const [, ours = '', differs = ''] =
        rows.map((row) => cellsOf(row.trim())).find(([there]) => codeOf(there!).includes(theirs)) ?? []
      expect(codeOf(ours)[0], theirs).to.equal(option)
      expect(codeOf(ours + differs), theirs).to.include.members(members)
    }
  })

  it('has the defaults of the code', () => {
    const ours = new Map([
      ...defaultsOf('sdk/site/options.ts'),
      ...defaultsOf('hub/options.ts'),
      ...defaultsOf('sdk/browser/options.ts'),
    ])
    const said = rows.flatMap((row) => [
      ...(cellsOf(row.trim())[1] ?? '').matchAll(/`(\w+)` of the \w+, by default `?([\w/-]+)`?/g),
    ])
    expect(said).to.have.length.above(4)
    for (const [, name = '', value = ''] of said)
      expect(ours.get(name)?.replace(/[`',.]/g, ''), name).to.equal(value)
  })
})

describe('docs/flows', () => {
  const page = (name: string) => text(`docs/flows/${name}.md`)

  it('has a page for each flow, with a diagram, and an index of them', () => {
    const listed = [...text('docs/session-life.md').matchAll(/\(flows\/([\w-]+\.md)\)/g)].map(
      ([, name]) => name,
    )
    expect(listed).to.have.members(readdirSync(join(root, 'docs/flows')))
    for (const name of listed)
      expect(text(`docs/flows/${name}`), name).to.include('```mermaid\nsequenceDiagram\n')
  })

  it('has the lifetimes of the code', () => {
    const { lifetimes } = resolveHubOptions({
      origin: 'https://hub.example',
      keys: { secret: 'A'.repeat(43) },
    }).rules
    const rows = tableOf(sectionOf(page('lifetimes'), '## How long it lives')).map(
      ([name = '', idle = '', absolute = '']) => [
        name.replaceAll('`', ''),
        parseInt(idle),
        parseInt(absolute),
      ],
    )
    expect(rows).to.deep.equal(
      Object.entries(lifetimes).map(([name, { idleSeconds, absoluteSeconds }]) => [
        `lifetimes.${name}`,
        idleSeconds,
        absoluteSeconds,
      ]),
    )
  })

  const lists: readonly [name: string, names: readonly string[]][] = [
    ['merge', [...mergeNames, ...keyMergeNames]],
    ['conflict', membersOf('hub/flows/context.ts', 'ConflictQuestion')],
    ['devices', membersOf('sdk/site/account/devices.ts', 'UserSession')],
  ]
  for (const [name, names] of lists) {
    it(`names ${names.join(', ')} in ${name}.md`, () => {
      expect(names).to.not.be.empty
      expect(page(name).match(/[\w-]+/g)).to.include.members([...names])
    })
  }

  it('has every act of hub.sessions, and what its list shows', () => {
    const words = sectionOf(page('sign-out'), "## Ended by the hub's application").match(/\w+/g)
    const names = ['HubSessions', 'SessionSummary'].flatMap((name) => membersOf('hub/sessions.ts', name))
    expect(words).to.include.members(names.filter((name) => name !== 'subject'))
  })
})

describe('docs/errors.md', () => {
  const errors = text('docs/errors.md')

  it('has every error code, in order, with its status', () => {
    const table = tableOf(sectionOf(errors, '## Error codes'))
    const listed = table.map(([code = '', status]) => [code.replaceAll('`', ''), Number(status)])
    expect(listed).to.deep.equal(errorCodes.map((code) => [code, new SessionHubError(code, '').status]))
  })
})

describe('docs/log-events.md', () => {
  const rows = new Map(
    [...text('docs/log-events.md').matchAll(/^\| `(\w+)` \| ([\w ]+?) \|/gm)].map(
      ([, event = '', level = '']) => [event, level],
    ),
  )

  it('has every log event', () => {
    const known = ['sdk/settings/log.ts', 'hub/cli/serve-log.ts'].flatMap((source) =>
      [...text(source).matchAll(/^ +\| '(\w+)'$/gm)].map(([, name]) => name),
    )
    expect(known).to.have.length.above(10)
    expect([...rows.keys()]).to.have.members(known)
  })

  it('has each with the level that the source writes it with', () => {
    const written = ['sdk', 'hub']
      .flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
          join(folder, name),
        ),
      )
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [...text(name).matchAll(/\blevel: '(\w+)',\s+event: '(\w+)'/g)])
      .map(([, level = '', event = '']) => ({ event, level }))
    expect(written).to.have.length.above(15)
    for (const { event, level } of written) expect(rows.get(event), event).to.equal(level)
  })
})

describe('SECURITY.md', () => {
  it('has every rule that the code cites', () => {
    const listed = [...text('SECURITY.md').matchAll(/^- \*\*(R\d+)\*\*/gm)].map(([, rule]) => rule)
    const cited = ['sdk', 'hub', 'test'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .flatMap((name) => text(join(folder, name)).match(/\bR\d+\b/g) ?? []),
    )
    expect(listed).to.include.members([...new Set(cited)])
  })
})

describe('every document', () => {
  for (const name of documents) {
    it(`${name} has links that lead somewhere`, () => {
      const targets = [...withoutCode(text(name)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
      for (const target of targets.filter((found) => !/^https?:/.test(found))) {
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? name : join(dirname(name), path)
        expect(existsSync(join(root, file)), `${target}: the file`).to.be.true
        if (anchor !== undefined) expect(anchorsOf(text(file)), target).to.include(anchor)
      }
    })

    it(`${name} has tables of whole rows`, () => {
      const widths = (table: string) =>
        new Set(
          table
            .trim()
            .split('\n')
            .map((row) => cellsOf(row).length),
        )
      for (const [table] of text(name).matchAll(/(?:^\|.*\n)+/gm))
        expect(widths(table).size, table).to.equal(1)
    })
  }
})
