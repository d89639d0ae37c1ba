/** The manifests of `ops`, held to Kubernetes' own types (1.30), as its OpenAPI schema has them. Nothing is started: there is no cluster here. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import { parse, parseAllDocuments } from 'yaml'

import { complaintsOf } from '../support/compiler.js'
import { root } from '../support/titles.js'

const text = (name: string) => readFileSync(join(root, 'ops', name), 'utf8')

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
}

/** Where the types of a group are. */
const GROUPS: Readonly<Record<string, string>> = {
  'apps/v1': 'apps/v1',
  v1: 'core/v1',
  'policy/v1': 'policy/v1',
  'networking.k8s.io/v1': 'networking/v1',
}

/** @returns what the compiler says of these, as literals of their kinds: unknown and missing members, and values that are none of a list */
function complaints(manifests: readonly Manifest[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'session-hub-manifests-'))
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const lines = manifests.flatMap((manifest, at) => [
      `import type { ${manifest.kind} as Kind${at} } from 'kubernetes-types/${GROUPS[manifest.apiVersion]}.js'`,
      `export const manifest${at}: Kind${at} = ${JSON.stringify(manifest, null, 2)}`,
    ])
    writeFileSync(join(folder, 'manifests.ts'), lines.join('\n'))
    return complaintsOf(folder, ['manifests.ts'], {
      strict: true,
      module: 'nodenext',
      target: 'es2022',
      types: [],
      noEmit: true,
      skipLibCheck: true,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('ops: the manifests', () => {
  const manifests = parseAllDocuments(text('kubernetes.yaml')).map((document) => document.toJS() as Manifest)

  it('have no member that Kubernetes does not know, and all that it wants', function () {
    this.timeout(180_000)
    expect(manifests.map(({ kind }) => kind)).to.deep.equal([
      'Deployment',
      'Service',
      'PodDisruptionBudget',
      'NetworkPolicy',
    ])
    expect(complaints(manifests)).to.equal('')
  })

  it('would be found out with a word that is not spelt as Kubernetes has it', () => {
    const misspelt = JSON.parse(
      JSON.stringify(manifests).replace('readOnlyRootFilesystem', 'readOnlyRootFileSystem'),
    ) as Manifest[]
    expect(complaints(misspelt)).to.include('readOnlyRootFileSystem')
  })

  it('keep the variables of the Service out of the pods: the hub would take SESSION_HUB_PORT for its own', () => {
    const [deployment] = manifests as unknown as [
      { spec: { template: { spec: { enableServiceLinks?: boolean } } } },
    ]
    expect(deployment.spec.template.spec.enableServiceLinks).to.equal(false)
  })

  it('of compose name only services, volumes and secrets that are there', () => {
    const { services, volumes, secrets } = parse(text('compose.yaml'), { merge: true }) as {
      services: Record<
        string,
        { depends_on?: object; volumes?: string[]; secrets?: string[]; healthcheck?: object }
      >
      volumes: object
      secrets: object
    }
    expect(Object.keys(services)).to.deep.equal(['postgres', 'hub', 'shop', 'travel'])
    for (const [name, service] of Object.entries(services)) {
      expect(services, name).to.include.all.keys(...Object.keys(service.depends_on ?? services))
      expect(Object.keys(secrets), name).to.include.members(service.secrets ?? [])
      const named = (service.volumes ?? [])
        .map((volume) => volume.split(':')[0]!)
        .filter((from) => !from.startsWith('.'))
      expect(Object.keys(volumes), name).to.include.members(named)
    }
  })
})
