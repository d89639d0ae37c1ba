/** A PEM as environments hand it on: the same key for the site, which signs by it, and for a service, which verifies. */
import { generateKeyPairSync } from 'node:crypto'

import { expect } from 'chai'

import { importKeys } from '../../sdk/site/keys.js'
import { generateSite, type GeneratedSiteKeys } from 'session-hub/hub'
import { bindKeys } from '../../sdk/verify/keys.js'

let keys: GeneratedSiteKeys
before(async () => ({ keys } = await generateSite('https://shop.example')))

describe('a PEM from an environment variable', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const secret = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const open = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const ways: Record<string, (pem: string) => string> = {
    'as the file has it': (pem) => pem,
    'with CRLF': (pem) => pem.replaceAll('\n', '\r\n'),
    'with \\n written out': (pem) => pem.trim().replaceAll('\n', '\\n'),
    'with \\r\\n written out': (pem) => pem.trim().replaceAll('\n', '\\r\\n'),
    'with \\\\n written out': (pem) => pem.replaceAll('\n', '\\\\n'),
    'with spaces for line ends': (pem) => pem.trim().replaceAll('\n', ' '),
    'without line ends': (pem) => pem.replaceAll('\n', ''),
    'in double quotes, with \\n written out': (pem) => `"${pem.replaceAll('\n', '\\n')}"`,
    'in single quotes': (pem) => `'${pem}'`,
    'in base64': (pem) => Buffer.from(pem).toString('base64'),
    'in base64 of several lines, in quotes': (pem) =>
      `"${Buffer.from(pem).toString('base64').replace(/.{76}/g, '$&\n')}"`,
    'below the words that openssl writes': (pem) => `Bag Attributes\n    localKeyID: 01\n${pem}`,
  }

  for (const [name, way] of Object.entries(ways)) {
    it(`is the same key ${name}?`, async () => {
      const [{ kid }] = (await importKeys({ ...keys, session: secret }, 'createSite')).sessionKeys
      const imported = await importKeys({ ...keys, session: way(secret) }, 'createSite')
      expect(imported.sessionKeys[0].kid).to.equal(kid)
      expect((await bindKeys([way(open)], 'key')).get(undefined)?.alg).to.equal('RS256')
    })
  }

  it('is refused in words when something of it is missing', async () => {
    const cut = secret.slice(0, 400)
    const refused = await importKeys({ ...keys, session: cut }, 'createSite').catch(String)
    expect(refused).to.include('the PEM holds no private key')
    const half = await bindKeys([open.slice(0, 100)], '"key"').catch((error: unknown) => String(error))
    expect(half).to.include('has to be a JWK, or the text of a PEM file')
  })
})

describe('JSON from an environment variable', () => {
  const ways: Record<string, (json: string) => string> = {
    'as it is': (json) => json,
    'over several lines': (json) => JSON.stringify(JSON.parse(json), null, 2),
    'in single quotes, as "docker run --env-file" keeps them': (json) => `'${json}'`,
    'in double quotes, with \\" inside': (json) => JSON.stringify(json),
    'with \\" for each quote': (json) => json.replaceAll('"', '\\"'),
    'in base64': (json) => Buffer.from(json).toString('base64'),
    'in base64url': (json) => Buffer.from(json).toString('base64url'),
    'with a line end behind it': (json) => `${json}\r\n`,
  }

  for (const [name, way] of Object.entries(ways)) {
    it(`is a site's keys ${name}?`, async () => {
      const { signingKey, ticketKeys, sessionKeys } = await importKeys(
        way(JSON.stringify(keys)),
        'createSite',
      )
      expect(signingKey.kid).to.equal(keys.signing.kid)
      expect([...ticketKeys.keys()]).to.deep.equal([keys.ticket.kid])
      expect(sessionKeys.map(({ kid }) => kid)).to.deep.equal([keys.session.kid])
    })

    it(`is each key alone ${name}?`, async () => {
      const texts = {
        signing: way(JSON.stringify(keys.signing)),
        ticket: [way(JSON.stringify(keys.ticket))],
        session: way(JSON.stringify([keys.session])),
      }
      const { signingKey, ticketKeys, sessionKeys } = await importKeys(texts, 'createSite')
      expect(signingKey.kid).to.equal(keys.signing.kid)
      expect([...ticketKeys.keys()]).to.deep.equal([keys.ticket.kid])
      expect(sessionKeys.map(({ kid }) => kid)).to.deep.equal([keys.session.kid])
      const bound = await bindKeys([way(JSON.stringify(keys.session))], 'key')
      expect(bound.get(keys.session.kid)?.alg).to.equal('HS256')
    })
  }

  it('is refused in words, and not quoted, when something of it is missing', async () => {
    const text = JSON.stringify(keys)
    const lost: Record<string, string> = {
      'begins as JSON but cannot be read': text.slice(0, -40),
      'neither an object nor its JSON': text.replaceAll('"', ''),
    }
    for (const [words, broken] of Object.entries(lost)) {
      const refused = await importKeys(broken, 'createSite').catch(String)
      expect(refused).to.include(words).and.not.include(keys.signing.x)
    }
    const verifier = await bindKeys([JSON.stringify(keys.session).slice(0, -9)], '"key"').catch(String)
    expect(verifier).to.include('begins as JSON but cannot be read').and.not.include(keys.session.k)
  })
})
