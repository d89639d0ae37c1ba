/** A PEM as environments hand it on: the same key for the site, which signs by it, and for a service, which verifies. */
import { generateKeyPairSync } from 'node:crypto'

import { expect } from 'chai'

import { importSessionTokenKey } from '../../sdk/tokens/session-keys.js'
import { bindKeys } from '../../sdk/verify/keys.js'

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
  }

  for (const [name, way] of Object.entries(ways)) {
    it(`is the same key ${name}?`, async () => {
      const { kid } = await importSessionTokenKey(secret, 'keys')
      expect((await importSessionTokenKey(way(secret), 'keys')).kid).to.equal(kid)
      expect((await bindKeys([way(open)], 'key')).get(undefined)?.alg).to.equal('RS256')
    })
  }

  it('is refused in words when something of it is missing', async () => {
    const cut = secret.slice(0, 400)
    const refused = await importSessionTokenKey(cut, 'keys').catch((error: unknown) => String(error))
    expect(refused).to.include('the PEM holds no private key')
    const half = await bindKeys([open.slice(0, 100)], '"key"').catch((error: unknown) => String(error))
    expect(half).to.include('has to be a JWK, or the text of a PEM file')
  })
})
