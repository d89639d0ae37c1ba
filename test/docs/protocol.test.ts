/** docs/protocol.md says what the code does, and its worked example opens. */
import { createHash, hkdfSync } from 'node:crypto'

import { expect } from 'chai'
import { compactDecrypt, compactVerify, importJWK, type JWK } from 'jose'
import type { SiteRegistration } from 'session-hub/hub'

import { type ConflictPolicy, decide, type Decision, type Side } from '../../hub/flows/decision.js'
import { hubCookieName } from '../../hub/routes/cookies.js'
import { parseTicketClaims } from '../../sdk/protocol/claims.js'
import {
  backchannelActs,
  type Choice,
  choices,
  cookieNames,
  hubPaths,
  limits,
  modes,
  outcomes,
  sitePaths,
} from '../../sdk/protocol/wire.js'
import { keyPair } from '../support/key-pairs.js'
import { type Ask, type Reply, Visitor } from '../support/visitor.js'
import { startWorld } from '../support/world.js'
import { text, sectionOf, tableOf, rowOf, codeOf, anchorsOf } from '../support/documents.js'
import { numberIn } from '../support/source-text.js'

describe('docs/protocol.md', () => {
  const protocol = text('docs/protocol.md')

  it('has the decision table of the code', () => {
    const none: Side = { kind: 'none' }
    const anonymous = (id: string, isEmpty: boolean): Side => ({ kind: 'anonymous', id, isEmpty })
    const user = (id: string, subject: string): Side => ({ kind: 'user', id, subject })
    /** By the words of the document: the site's side, and what each word for the hub's side means beside it. */
    const sides: Record<string, [site: Side, hub: Record<string, Side[]>]> = {}
    const strangers = {
      none: [none],
      anonymous: [anonymous('hub', true), anonymous('hub', false)],
    }
    const anyone = { ...strangers, user: [user('hub', 'ada')] }
    sides.none = [none, anyone]
    const empty = anonymous('site', true)
    sides['anonymous, empty'] = [empty, { ...anyone, 'the same session': [empty] }]
    const cart = anonymous('site', false)
    sides['anonymous, with data'] = [cart, { ...anyone, 'the same session': [cart] }]
    const ada = user('site', 'ada')
    sides.user = [
      ada,
      {
        ...strangers,
        'the same user, another session': [user('hub', 'ada')],
        'another user': [user('hub', 'bob')],
        'the same session': [ada],
      },
    ]

    const expected = Object.entries(sides).flatMap(([site, [siteSide, hubs]]) =>
      Object.entries(hubs).flatMap(([hub, hubSides]) =>
        hubSides.map((hubSide) => {
          const cell = (conflict: ConflictPolicy, siteYields: boolean, choice?: Choice) =>
            inWords(decide(siteSide, hubSide, { conflict, siteYields, choice }))
          const chosen = choices.map((choice) => cell('keep-both', false, choice))
          const cells = [cell('keep-both', false), ...chosen, cell('hub', false), cell('site', false)]
          const news = decide(siteSide, hubSide, { conflict: 'site', siteYields: false, isNews: true })
          return [site, hub, ...cells, inWords(news), cell('keep-both', true)]
        }),
      ),
    )
    // An empty and a full session of the hub are one row.
    const rows = [...new Set(expected.map((row) => row.join(' | ')))]
    const table = tableOf(sectionOf(protocol, '## The decision'))
    expect(table.map((row) => row.join(' | '))).to.deep.equal(rows)
  })

  it('has the limits of the code', () => {
    const rows = tableOf(sectionOf(protocol, '## Limits'))
    const limitOf = (what: string) => {
      const [, limit = ''] = rows.find(([first]) => first === what) ?? []
      return limit.replaceAll(',', '')
    }
    const expected: readonly [what: string, limit: string][] = [
      ['a token', `${limits.tokenLength} characters`],
      ['a request body', `${limits.bodyBytes} bytes`],
      ["the body's arrival", `${limits.bodyTimeoutMs / 1000} seconds`],
      ['one patch of the data as JSON, at the site', `${limits.patchBytes} bytes`],
      ['what a site puts into its session token', `${limits.tokenContentBytes} bytes as JSON`],
      ["a session's data as JSON", `${limits.dataBytes} bytes`],
      ["a session's claims as JSON", `${limits.claimsBytes} bytes`],
      ['data and claims', `${limits.jsonDepth} levels each`],
      ['a subject', `1 to ${limits.subjectBytes} bytes`],
      ["a browser's description of itself", `${limits.agentLength} characters`],
      ['sessions in a list', String(limits.listedSessions)],
      ['an origin', `${limits.originLength} characters`],
      ['clocks', `${limits.skewSeconds} seconds apart`],
      ['where a link or a redirect leads', `${limits.targetLength} characters`],
      ['sisters of one site', `${limits.sisters} origins`],
      ['a redirect, at the site and at the hub', `${limits.redirectSeconds} seconds`],
      ['a posted link ticket, at the site', `${limits.redirectSeconds} seconds`],
      ['event streams of one site at once', numberIn('hub/routes/events.ts', 'MOST_PER_PARTY')],
      ['one event, at the site', numberIn('sdk/site/hub/event-stream.ts', 'MAX_EVENT_CHARS')],
      ["endings that a site's process remembers", numberIn('sdk/site/session/endings.ts', 'MOST')],
      [
        "requests of a site's process that wait for the hub at once",
        numberIn('sdk/site/hub/line.ts', 'MOST_UNDER_WAY'),
      ],
      ['pages that listen to one process of a site', numberIn('sdk/site/endpoints/live.ts', 'MOST')],
    ]
    for (const [what, limit] of expected) {
      expect(limitOf(what), what).to.match(new RegExp(`^${limit}(?!\\w)`))
    }
  })

  it('has every event of the stream, with its members', () => {
    const source = text('sdk/protocol/events.ts')
    const [, union = ''] = /^export type StreamEvent = (.*)$/m.exec(source) ?? []
    const membersOfEvent = (fields: string) => {
      const [, body = ''] = new RegExp(`^const ${fields} = \\{(.*)\\}$`, 'm').exec(source) ?? []
      return [...body.matchAll(/(\w+):/g)].map(([, name]) => name!)
    }
    const expected = { hello: [], reset: [], ended: membersOfEvent('endedFields') }
    const all = { ...expected, 'subject-ended': membersOfEvent('subjectEndedFields') }
    expect(union.match(/[\w-]+/g)).to.deep.equal(Object.keys(all))
    expect(all['subject-ended']).to.have.length.above(2)
    const section = sectionOf(protocol, '## The event stream')
    const table = section.slice(section.indexOf('| event |'))
    expect(tableOf(table).map(([name = '']) => name.replaceAll('`', ''))).to.deep.equal(Object.keys(all))
    for (const [name, members] of Object.entries(all)) {
      const [, data = ''] = rowOf(table, name)
      expect(
        [...data.matchAll(/"(\w+)":/g)].map(([, member]) => member!),
        name,
      ).to.deep.equal(members)
    }
  })

  it('has every cookie, with the attributes that it is set with', async () => {
    const listed = tableOf(sectionOf(protocol, '## Cookies')).map(
      ([name = '', , , attributes = '']) =>
        [name, attributes].map((cell) => cell.replaceAll('`', '')) as Pair,
    )
    const ofGroup = hubCookieName({ group: '<group>' })
    expect(listed.map(([name]) => name)).to.have.members([...Object.values(cookieNames), ofGroup])

    const { set } = await visitorOfEveryRung()
    expect([...set.keys()]).to.have.length.above(7)
    const { set: inGroup } = await visitorOfEveryRung({ group: 'red' })
    expect(inGroup.has(cookieNames.hub), 'the cookie of no group').to.equal(false)
    set.set(ofGroup, inGroup.get(hubCookieName({ group: 'red' }))!)
    for (const [name, attributes] of listed)
      if (set.has(name)) expect(set.get(name), name).to.equal(attributes)
  })

  it('has every endpoint of a site, by its method', async () => {
    const table = tableOf(sectionOf(protocol, "## The site's endpoints"))
    const listed = table.flatMap(([paths = '']) => [...paths.matchAll(/`(GET|POST) (\/[\w./-]+)`/g)])
    expect(new Set(listed.map(([, , path]) => path))).to.deep.equal(new Set(Object.values(sitePaths)))

    const world = await startWorld({
      sites: ['shop'],
      site: { live: true, audiences: ['https://api.example'] },
      sessionKey: () => keyPair('EdDSA').jwk,
    })
    try {
      const { origin } = world.siteOf('shop')
      for (const [what, method, path] of listed) {
        const reply = await new Visitor(world.hub.origin).ask(`${origin}/session-hub${path}`, {
          method: method!,
        })
        expect(reply.status, what).to.be.oneOf([200, 303, 403, 415])
      }
    } finally {
      await world.close()
    }
  })

  it('has every path of the hub', () => {
    const named = [...protocol.matchAll(/`(?:(?:GET|POST) )?(\/[\w./-]*\w)/g)].map(([, path]) => path)
    expect(named).to.include.members(Object.values(hubPaths))
  })

  it('has every act of the back-channel, every outcome of a message and every mode of a ticket', () => {
    for (const act of backchannelActs) expect(anchorsOf(protocol), act).to.include(act)
    const [, outcomeList] = rowOf(sectionOf(protocol, '## Messages'), 'outcome')
    expect(codeOf(outcomeList!)).to.have.members([...outcomes])
    const [, choiceList] = rowOf(sectionOf(protocol, '## Messages'), 'choice')
    expect(codeOf(choiceList!)).to.include.members([...choices])
    const [, modeList] = rowOf(sectionOf(protocol, '### Ticket'), 'mode')
    expect(codeOf(modeList!)).to.have.members([...modes])
  })

  it('has an example that another library opens, verifies and finds to be as shown', async () => {
    const section = sectionOf(protocol, '## A worked example')
    const block = (name: string) => {
      const found = new RegExp(`^\`\`\`\\w+ ${name}\\n(.*?)^\`\`\`$`, 'ms').exec(section)?.[1]
      if (found === undefined) throw new Error(`There is no block "${name}"`)
      return found
    }
    const key = async (name: string, alg: string) => importJWK(JSON.parse(block(name)) as JWK, alg)
    const word = (name: string) => block(name).replace(/\s/g, '')
    const claims = parseTicketClaims(JSON.parse(block('claims')))

    const sealed = await compactDecrypt(word('ticket'), await key('ticket-key', 'A256GCM'))
    expect(sealed.protectedHeader).to.deep.equal({
      alg: 'dir',
      enc: 'A256GCM',
      cty: 'JWT',
      kid: 'example-ticket',
    })
    const { k } = JSON.parse(block('ticket-key')) as { k: string }
    const signing = hkdfSync('sha256', Buffer.from(k, 'base64url'), '', 'session-hub ticket+jwt', 32)
    const signed = await compactVerify(sealed.plaintext, new Uint8Array(signing))
    expect(signed.protectedHeader).to.deep.equal({ alg: 'HS256', typ: 'ticket+jwt', kid: 'example-ticket' })
    expect(JSON.parse(new TextDecoder().decode(signed.payload))).to.deep.equal(claims)
    expect(hash(word('verifier')))
      .to.equal(word('nonce'))
      .and.to.equal(claims.nonce)
    expect(hash(word('handle'))).to.equal(word('handle-hash'))
  })
})

// Cookies

type Pair = [name: string, attributes: string]

/** Keeps what every cookie was set with, apart from its value. */
class CookieWatcher extends Visitor {
  readonly set = new Map<string, string>()

  override async ask(url: string, options?: Ask): Promise<Reply> {
    const reply = await super.ask(url, options)
    for (const cookie of reply.headers['set-cookie'] ?? []) {
      const [, name = '', value, attributes = ''] = /^([^=]+)=([^;]*); (.*)$/.exec(cookie) ?? []
      if (value !== '') this.set.set(name, attributes)
    }
    return reply
  }
}

/** A visitor who has come by every way there is. */
async function visitorOfEveryRung(registration: Partial<SiteRegistration> = {}): Promise<CookieWatcher> {
  const sites = ['shop', 'travel']
  const world = await startWorld({ sites, sisters: true, once: true, registration: () => registration })
  try {
    const visitor = new CookieWatcher(world.hub.origin)
    const [shop, travel] = [world.siteOf('shop').origin, world.siteOf('travel').origin]
    await visitor.post(shop, '/cart', { item: 'boots' })
    await visitor.sync(shop)
    await visitor.post(shop, '/sign-in', { name: 'ada' })
    await visitor.navigate(`${shop}/`)
    await visitor.follow(shop, `${travel}/plain`)
    return visitor
  } finally {
    await world.close()
  }
}

function inWords(decision: Decision): string {
  switch (decision.outcome) {
    case 'replace':
      return `replace: ${decision.reason}`
    case 'adopt':
      return decision.merge ? 'adopt, merge' : 'adopt'
    default:
      return decision.outcome
  }
}

const hash = (word: string) => createHash('sha256').update(word).digest('base64url')
