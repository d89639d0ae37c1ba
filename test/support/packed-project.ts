/** A project of a stranger's, with this package as an installer unpacks it there. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const isWindows = process.platform === 'win32'
const run = promisify(execFile)

export interface PackedProject {
  readonly folder: string
  /** Where the package is in it. */
  readonly home: string
  /** Puts a dependency there as an installer would, without asking a registry. */
  link(name: string): Promise<void>
  /** Writes files, by their paths in the project. */
  write(files: Readonly<Record<string, string | object>>): Promise<void>
  remove(): Promise<void>
}

export async function startPackedProject(): Promise<PackedProject> {
  const folder = await mkdtemp(join(tmpdir(), 'session-hub-consumer-'))
  const home = join(folder, 'node_modules', 'session-hub')
  await mkdir(home, { recursive: true })
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: ROOT,
    shell: isWindows,
  })
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))!
  const parameters = ['-xzf', tarball, '-C', home, '--strip-components=1']
  await run(
    'tar',
    parameters.map((path) => path.replaceAll(sep, '/')),
    { cwd: folder },
  )
  await rm(join(folder, tarball))
  return {
    folder,
    home,
    async link(name) {
      const to = join(folder, 'node_modules', name)
      await mkdir(dirname(to), { recursive: true })
      await symlink(join(ROOT, 'node_modules', name), to, 'junction')
    },
    async write(files) {
      for (const [name, content] of Object.entries(files)) {
        const path = join(folder, name)
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
      }
    },
    remove: () => rm(folder, { recursive: true, maxRetries: 3 }),
  }
}
