/**
 * `npm run test:model [-- [visitors] [<how many> [<first seed>]]]`: a million sequences of the hub alone, or 20,000 of visitors, on all processors.
 * Ends with 1 at the first in which something is not as it should be.
 */
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

import { search } from './search.js'
import { search as searchVisitors } from './visitors/search.js'
import { openWorld } from './visitors/open-world.js'

interface Part {
  readonly isOfVisitors: boolean
  readonly first: number
  readonly stride: number
  readonly last: number
}

const BLOCK = 200
const TELL_MS = 10_000

if (isMainThread) await lead()
else await work(workerData as Part)

async function lead(): Promise<void> {
  const given = process.argv.slice(2)
  const isOfVisitors = given[0] === 'visitors'
  const [count = isOfVisitors ? 20_000 : 1_000_000, first = 1] = given.slice(isOfVisitors ? 1 : 0).map(Number)
  const workers = availableParallelism()
  const last = first + count - 1
  const startedMs = Date.now()
  let done = 0
  console.log(`Seeds ${first} to ${last}, by ${workers} workers`)
  const tell = () => {
    const seconds = (Date.now() - startedMs) / 1000
    console.log(`${done} sequences in ${Math.round(seconds)} s, ${Math.round(done / seconds)} a second`)
  }
  const timer = setInterval(tell, TELL_MS)
  await Promise.all(
    Array.from({ length: workers }, (_, index) => {
      const part: Part = { isOfVisitors, first: first + index * BLOCK, stride: workers * BLOCK, last }
      const worker = new Worker(new URL(import.meta.url), { workerData: part })
      worker.on('message', (said: number | string) => {
        if (typeof said === 'number') {
          done += said
          return
        }
        console.error(said)
        process.exit(1)
      })
      return new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject))
    }),
  )
  clearInterval(timer)
  tell()
}

async function work({ isOfVisitors, first, stride, last }: Part): Promise<void> {
  const world = isOfVisitors ? await openWorld() : undefined
  for (let block = first; block <= last; block += stride) {
    const end = Math.min(block + BLOCK - 1, last)
    for (let seed = block; seed <= end; seed += 1) {
      const wrong = await (world ? searchVisitors(world, seed) : search(seed))
      if (wrong !== undefined) parentPort?.postMessage(wrong)
    }
    parentPort?.postMessage(end - block + 1)
  }
  process.exit()
}
