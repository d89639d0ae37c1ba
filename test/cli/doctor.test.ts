import { readFileSync } from 'node:fs'
import { expect } from 'chai'

import { startWorld, type World } from '../support/world.js'
import { listen } from '../support/listener.js'
import { certified, selfSigned } from '../support/self-signed.js'
import { type Folder, newFolder } from './command.js'

interface Shown {
  readonly about: string
  readonly findings: readonly { readonly code: string; readonly what: string }[]
}

describe('session-hub doctor', () => {
  let folder: Folder
  let world: World
  let origins: [hub: string, shop: string]

  before(async () => {
    world = await startWorld({ sites: ['shop', 'travel'] })
    origins = [world.hub.origin, world.siteOf('shop').origin]
  })
  after(() => world.close())
  beforeEach(() => (folder = newFolder()))
  afterEach(() => folder.close())

  it('ends with 0 where all is well, and says what it has looked at, as docs/doctor.md asks it', async () => {
    const [, asked = ''] = /^npx session-hub (.+)$/m.exec(readFileSync('docs/doctor.md', 'utf8')) ?? []
    const real: Record<string, string> = {
      'https://hub.example': world.hub.origin,
      'https://shop.example': world.siteOf('shop').origin,
      'https://travel.example': world.siteOf('travel').origin,
    }
    const { code, stdout, stderr } = await folder.run(...asked.split(' ').map((word) => real[word] ?? word))

    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    for (const origin of Object.values(real)) expect(stdout).to.match(new RegExp(`^${origin}$`, 'm'))
    expect(stdout.match(/^ {2}✓ /gm)).to.have.length.above(10)
    expect(stdout).to.not.match(/^ {2}[^✓ ]/m)
    expect(stdout).to.match(/\nNothing was found\.\n$/)
  })

  it('names what is wrong with a certificate, and finds nothing in a whole chain of an authority that is trusted', async () => {
    const root = certified({ name: 'The root', days: 90, isAuthority: true })
    const middle = certified({ name: 'The middle', days: 90, isAuthority: true }, root)
    const late = certified({ name: 'A late middle', days: -1, isAuthority: true }, root)
    const leaf = (hostname: string, days: number, by = middle) => {
      const { key, cert } = certified({ name: hostname, hostnames: [hostname], days }, by)
      return { key, cert: cert + by.cert }
    }
    const whole = leaf('shop.localhost', 90)
    const [leafAlone = ''] = whole.cert.split(/(?<=-----END CERTIFICATE-----\n)/)
    const served = {
      'the certificate has expired (CERT_HAS_EXPIRED)': leaf('shop.localhost', -1),
      'an authority that has expired (CERT_HAS_EXPIRED)': leaf('shop.localhost', 90, late),
      'the certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID)': leaf('www.shop.localhost', 90),
      'the certificate is signed by itself (DEPTH_ZERO_SELF_SIGNED_CERT)': selfSigned(['shop.localhost'], 90),
      'the authority is not trusted here (SELF_SIGNED_CERT_IN_CHAIN)': leaf(
        'shop.localhost',
        90,
        certified({ name: 'A stranger', days: 90, isAuthority: true }),
      ),
      'an intermediate certificate is missing, or the authority is not trusted here (UNABLE_TO_VERIFY_LEAF_SIGNATURE)':
        { key: whole.key, cert: leafAlone },
      '': whole,
    }
    const expected = Object.keys(served).map((what) => what.replace('an authority that', 'the certificate'))
    const sites = await Promise.all(Object.values(served).map((one) => listen('shop.localhost', one)))
    folder.write('root.pem', root.cert)
    try {
      const { code, stdout } = await folder.runWith(
        { NODE_EXTRA_CA_CERTS: folder.path('root.pem') },
        ...['doctor', world.hub.origin, ...sites.map(({ origin }) => origin), '--json'],
      )
      const { lines } = JSON.parse(stdout) as { lines: Shown[] }
      const said = sites.map(({ origin }) => {
        const { findings = [] } = lines.find(({ about }) => about === origin) ?? {}
        return findings.map(({ code: own, what }) => `${own}: ${what}`).join()
      })
      expect(code).to.equal(2)
      expect(said).to.deep.equal(expected.map((what) => (what === '' ? '' : `tls_untrusted: ${what}`)))
    } finally {
      await Promise.all(sites.map((site) => site.close()))
    }
  })

  it('ends with 1 where something is wrong, and says what, why, what to do and where more is said', async () => {
    const site = world.siteOf('travel')
    world.unregister(site.origin)

    const { code, stdout, stderr } = await folder.run('doctor', ...origins, site.origin)

    world.register(site.registration)
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' })
    expect(stdout).to.match(
      /^ {2}✗ .+\n {6}site_unregistered: .+\n {8}why: .+\n {8}do: {2}.+\n {8}see: docs\/doctor\.md#site_unregistered$/m,
    )
    expect(stdout).to.match(/\nOne finding: site_unregistered\n$/)
  })

  it('gives the same as JSON, and accepts what is to be ignored', async () => {
    const site = world.siteOf('travel')
    world.unregister(site.origin)

    const { code, stdout } = await folder.run(
      ...['doctor', origins[0], site.origin, '--json', '--ignore', 'site_unregistered'],
    )

    world.register(site.registration)
    expect(code).to.equal(0)
    const report = JSON.parse(stdout) as { lines: { about: string; findings: object[] }[] }
    expect(report).to.include({ hub: origins[0] })
    const findings = report.lines.flatMap((line) => line.findings)
    expect(findings).to.have.length(1)
    expect(findings[0]).to.include({ code: 'site_unregistered', level: 'error', isIgnored: true })
    expect(findings[0]).to.have.all.keys(...['code', 'level', 'what', 'why', 'remedy', 'page', 'isIgnored'])
  })

  it('ends with 2 where a site cannot be reached', async () => {
    const { listener, origin } = world.siteOf('travel')
    await listener.stop()

    const { code, stdout } = await folder.run('doctor', ...origins, origin)

    await listener.start()
    expect(code).to.equal(2)
    expect(stdout).to.include('connect_failed')
  })

  it('says that a certificate ends soon', async () => {
    const certificate = selfSigned(['hub.localhost', 'shop.localhost'], 7)
    const secure = await startWorld({ sites: ['shop'], certificate })
    folder.write('authority.pem', certificate.cert)

    const { stdout } = await folder.runWith(
      { NODE_EXTRA_CA_CERTS: folder.path('authority.pem') },
      ...['doctor', secure.hub.origin, secure.siteOf('shop').origin],
    )

    await secure.close()
    expect(stdout.match(/tls_expires_soon: the certificate expires in [67] days/g)).to.have.length(2)
  })
})
