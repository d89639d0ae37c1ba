/** A project of a stranger's, with this package and others as npm installs them, from its registry: for what is too heavy to be a dependency here. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const exec = promisify(execFile)

export interface InstalledProject {
  readonly folder: string
  write(files: Readonly<Record<string, string | object>>): Promise<void>
  read(name: string): Promise<string>
  /** Runs a program of one of the packages to its end. @throws with what it said, if it fails */
  run(
    program: string,
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<string>
  /** Starts one, and waits for a line that looks like this. */
  readonly start: (
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    ready: RegExp,
  ) => Promise<void>
  /** Where a program of one of the packages is. */
  program(name: string): string
  remove(): Promise<void>
}

/** @param packages what npm takes: `next@16` */
export async function installProject(
  packages: readonly string[],
  manifest: object = { type: 'module' },
): Promise<InstalledProject> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'session-hub-framework-')))
  const children: ChildProcess[] = []
  const project: InstalledProject = {
    folder,
    program: (name) => join(folder, 'node_modules/.bin', name),
    async write(files) {
      for (const [name, content] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true })
        await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
      }
    },
    read: (name) => readFile(join(folder, name), 'utf8'),
    async run(program, args, environment = {}) {
      try {
        const { stdout } = await exec(project.program(program), args, {
          cwd: folder,
          env: { ...process.env, ...environment },
        })
        return stdout
      } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string }
        throw new Error(`${program} failed:\n${stdout}\n${stderr}`, { cause: error })
      }
    },
    async start(command, args, environment, ready) {
      const child = spawn(command, args, {
        cwd: folder,
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      children.push(child)
      let said = ''
      child.stderr.on('data', (part: Buffer) => (said += part.toString()))
      for await (const line of createInterface(child.stdout)) {
        said += `${line}\n`
        if (!ready.test(line)) continue
        child.stdout.resume()
        return
      }
      throw new Error(`It ended before it listened:\n${said}`)
    },
    async remove() {
      await Promise.all(children.map(ended))
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
  try {
    await project.write({ 'package.json': { private: true, ...manifest } })
    const { stdout } = await exec(
      'npm',
      ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder],
      { cwd: ROOT },
    )
    await exec('npm', ['install', '--no-audit', '--no-fund', join(folder, stdout.trim()), ...packages], {
      cwd: folder,
    })
    return project
  } catch (error) {
    await project.remove()
    throw error
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
