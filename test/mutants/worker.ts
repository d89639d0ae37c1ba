/**
 * Loads test files once, in the tree of mutants, and runs any of their tests as often as it is told. What it reaches is noted for
 * each test. Speaks with `main.ts` by messages; a mutant that hangs this process costs the process.
 */
import { join } from 'node:path'

import Mocha from 'mocha'

import { mochaHooks } from '../support/unhandled-rejections.js'
import { reachInto, turnOn } from './switch.js'

export type Order =
  /** A broken world may never close: its hooks are not waited for as long as a browser's. */
  | { readonly do: 'load'; readonly files: readonly string[]; readonly hooksMs: number }
  /** Without `tests`: all. `isBailing`: until one fails. */
  | {
      readonly do: 'run'
      readonly mutant: number
      readonly tests?: readonly string[]
      readonly timeoutMs: number
      readonly isBailing: boolean
    }

export interface Ran {
  readonly name: string
  readonly passed: boolean
  readonly ms: number
  /** The mutants that were asked about. */
  readonly reached: readonly number[]
}

export type Report =
  | { readonly done: 'load'; readonly reached: readonly number[] }
  | {
      readonly done: 'run'
      readonly ran: readonly Ran[]
      readonly failedHook: string | null
      /** By all tests and hooks together, where all ran. */
      readonly reached: readonly number[]
    }

/** Says nothing: all is read from the runner. */
class Quiet extends Mocha.reporters.Base {}

const mocha = new Mocha({ reporter: Quiet })
mocha.cleanReferencesAfterRun(false)
mocha.rootHooks(mochaHooks)

process.on('message', (order: Order) => {
  const job = order.do === 'load' ? load(order) : run(order)
  job.then(
    (report) => process.send?.(report),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})

async function load({ files, hooksMs }: Order & { do: 'load' }): Promise<Report> {
  mocha.timeout(hooksMs)
  const reached = new Set<number>()
  reachInto(reached)
  for (const file of files) mocha.addFile(join(process.cwd(), 'build', file))
  await mocha.loadFilesAsync()
  return { done: 'load', reached: [...reached] }
}

function run({ mutant, tests, timeoutMs, isBailing }: Order & { do: 'run' }): Promise<Report> {
  turnOn(mutant)
  const chosen = tests && new Set(tests)
  mocha.options.grep = { test: (title: string) => chosen?.has(title) ?? true } as RegExp
  setUp(mocha.suite, { isBailing, timeoutMs })
  return new Promise((resolve) => {
    const open: { name: string; sets: Set<number>[]; startMs: number; passed: boolean }[] = []
    const suites: Set<number>[] = []
    const every: Set<number>[] = []
    let failedHook: string | null = null
    const collect = () => {
      const set = new Set<number>()
      every.push(set)
      reachInto(set)
      return set
    }
    const ms = new Map<string, number>()
    const runner = mocha.run(() => {
      turnOn(0)
      const ran = open.map(({ name, sets, passed }) => ({
        name,
        passed,
        ms: ms.get(name) ?? 0,
        reached: tests ? [] : union(sets),
      }))
      resolve({ done: 'run', ran, failedHook, reached: tests ? [] : union(every) })
    })
    runner.on('suite', () => suites.push(collect()))
    runner.on('suite end', () => void suites.pop())
    runner.on('test', (test) => {
      open.push({ name: test.fullTitle(), sets: [...suites, collect()], startMs: Date.now(), passed: false })
    })
    runner.on('pass', (test) => {
      const last = open.at(-1)
      if (last?.name === test.fullTitle()) last.passed = true
    })
    runner.on('test end', (test) => {
      const last = open.at(-1)
      if (last) ms.set(test.fullTitle(), Date.now() - last.startMs)
      collect()
    })
    runner.on('fail', (failed: Mocha.Runnable) => {
      if (failed instanceof Mocha.Hook) failedHook = failed.fullTitle()
    })
  })
}

const union = (sets: readonly ReadonlySet<number>[]) => [...new Set(sets.flatMap((set) => [...set]))]

/** A suite takes these from the one above when it is made, and hears of no change. */
function setUp(suite: Mocha.Suite, how: { readonly isBailing: boolean; readonly timeoutMs: number }): void {
  suite.bail(how.isBailing)
  for (const test of suite.tests) {
    test.timeout(how.timeoutMs)
    // Of a test that has run before, mocha starts the clock now, and blames whichever test runs when it is over.
    test.clearTimeout()
  }
  for (const below of suite.suites) setUp(below, how)
}
