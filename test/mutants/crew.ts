/** The process that runs tests, from outside: started anew where it hangs, falls, or has broken enough. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { switchScripts, tree } from './tree.js'
import type { Order, Ran, Report } from './worker.js'

const here = fileURLToPath(new URL('.', import.meta.url))

/** What mutants leave behind in a process adds up. */
const RUNS_OF_ONE = 200

export interface Result {
  readonly ran: readonly Ran[]
  /** What failed: a test, or a hook, or the process itself. */
  readonly failed: string | null
  /** Every mutant that was asked about, where all tests ran. */
  readonly reached: readonly number[]
}

export class Crew {
  #worker: ChildProcess | undefined
  #runs = 0
  /** What loading alone has reached. */
  reachedByLoading: ReadonlySet<number> = new Set()

  constructor(
    readonly files: readonly string[],
    readonly isBrowser: boolean,
  ) {}

  /** @param isStatic the mutant is asked about once, while code loads: it needs a process of its own */
  async run(
    mutant: number,
    tests: readonly string[] | undefined,
    {
      patienceMs,
      timeoutMs,
      isStatic = false,
      isBailing = tests !== undefined,
    }: { patienceMs: number; timeoutMs: number; isStatic?: boolean; isBailing?: boolean },
  ): Promise<Result> {
    // A process reads the scripts for browsers once.
    if (isStatic || this.isBrowser || this.#runs >= RUNS_OF_ONE) this.stop()
    if (this.isBrowser) switchScripts(mutant)
    this.#runs += 1
    try {
      const worker = (this.#worker ??= await this.#start(isStatic ? mutant : 0))
      const order: Order = {
        do: 'run',
        mutant,
        ...(tests && { tests }),
        timeoutMs,
        isBailing,
      }
      const report = await ask(worker, order, patienceMs)
      if (report.done !== 'run') throw new Error('Another answer')
      const failed = report.ran.find(({ passed }) => !passed)?.name ?? report.failedHook
      if (isStatic) this.stop()
      return { ran: report.ran, failed, reached: report.reached }
    } catch (error) {
      this.stop()
      return { ran: [], failed: `the process: ${String(error)}`, reached: [] }
    }
  }

  async #start(mutant: number): Promise<ChildProcess> {
    this.#runs = 0
    const worker = fork(join(here, 'worker.js'), {
      cwd: tree,
      env: {
        ...process.env,
        SESSION_HUB_MUTANT: String(mutant),
        // For the processes that tests start too.
        NODE_OPTIONS: `--import=${join(here, 'switch.js')}`,
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    worker.stderr?.resume()
    const report = await ask(
      worker,
      { do: 'load', files: this.files, hooksMs: this.isBrowser ? 20_000 : 8000 },
      120_000,
    )
    if (report.done === 'load') this.reachedByLoading = new Set(report.reached)
    return worker
  }

  stop(): void {
    this.#worker?.kill('SIGKILL')
    this.#worker = undefined
  }
}

function ask(worker: ChildProcess, order: Order, patienceMs: number): Promise<Report> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer)
      worker.off('message', onReport).off('exit', onExit)
    }
    const onReport = (report: Report) => {
      end()
      resolve(report)
    }
    const onExit = (code: number | null) => {
      end()
      reject(new Error(`ended with ${code ?? 'a signal'}`))
    }
    const timer = setTimeout(() => {
      end()
      reject(new Error('hangs'))
    }, patienceMs)
    worker.on('message', onReport).on('exit', onExit)
    worker.send(order)
  })
}
