/** Where the documents' programs run: in a project of a stranger's, with the packed package and what its reader has installed beside it. Packed once for a test file. */
import { mkdir, mkdtemp, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { type PackedProject, startPackedProject } from './packed-project.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

export interface ReadersProject {
  /** A folder of its own for each program. */
  folder(name: string): Promise<string>
  /** The file of the command `session-hub`. */
  cli(): Promise<string>
}

/** To be called where tests are declared: it is removed after them. @param packages what the reader has installed, besides the package's own dependencies */
export function readersProject(packages: readonly string[]): ReadersProject {
  let made: Promise<PackedProject> | undefined
  after(async () => {
    await (await made)?.remove()
  })
  const project = () => (made ??= install(packages))
  return {
    folder: async (name) => mkdtemp(join((await project()).folder, `${name}-`)),
    cli: async () => join((await project()).home, 'dist/cli.js'),
  }
}

async function install(packages: readonly string[]): Promise<PackedProject> {
  const packed = await startPackedProject()
  const { dependencies } = JSON.parse(await readFile(join(packed.home, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of new Set([...Object.keys(dependencies), ...packages])) await packed.link(name)
  return packed
}

/** Gives one folder another version of a package than the others have. @param installed its name here */
export async function linkVersion(folder: string, name: string, installed: string): Promise<void> {
  await mkdir(join(folder, 'node_modules'), { recursive: true })
  await symlink(join(ROOT, 'node_modules', installed), join(folder, 'node_modules', name), 'junction')
}
