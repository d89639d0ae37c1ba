/** `npm start`: the hub and its three sites, until Ctrl+C. */
import { createInterface, type Interface } from 'node:readline'

import { PortTakenError } from './servers.js'
import { type Demo, startDemo } from './world.js'

const DEFAULT_PORT_BASE = 4000
const LAST_PORT_BASE = 65_532

try {
  const demo = await startDemo({
    portBase: portBase(process.env.PORT_BASE),
    ...(process.env.DATA_DIR && { dataDir: process.env.DATA_DIR }),
    log: ({ level, event, ...fields }) => {
      if (level !== 'info') console.error(level, event, JSON.stringify(fields))
    },
  })
  console.log(welcome(demo))
  const orders = process.stdin.isTTY ? takeOrders(demo) : undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Once for each signal: a second Ctrl+C ends a close that hangs.
    process.once(signal, () => {
      orders?.close()
      void leave(demo)
    })
  }
} catch (error) {
  console.error(reason(error))
  process.exitCode = 1
}

function portBase(given: string | undefined): number {
  if (given === undefined || given === '') return DEFAULT_PORT_BASE
  const number = Number(given)
  if (Number.isInteger(number) && number >= 1 && number <= LAST_PORT_BASE) return number
  throw new Error(`PORT_BASE is the first of four ports: a whole number from 1 to ${LAST_PORT_BASE}`)
}

function welcome({ addresses, adminToken, folder, isKept }: Demo): string {
  const { hub, shop, travel, magazine } = addresses
  return `
Session Hub: one hub, three sites, one session.

  hub       ${hub}
  shop      ${shop}
  travel    ${travel}
  magazine  ${magazine}

  admin     ${hub}/admin, by the token ${adminToken}

Open ${shop} first, and try this:
  1. Put something into the cart.
  2. Follow the link to travel: the cart is there. Add a trip.
  3. Follow the link to magazine and sign in with any name.
  4. Go back to shop: it knows you, and both lines are in the cart. Sign out; all three forget you.
  5. Sign in in a second browser too, and end its session under "Your devices": its open page says so at once.
  6. Do the same as an administrator: the hub's /admin lists everybody's sessions.

Then do it again where third-party cookies are blocked, as in a private window of Chrome, or in Firefox:
the links between the sites bring the session along, and "Behind the page" says so.

${isKept ? `Keys and sessions stay in ${folder}` : 'Nothing outlives this run; DATA_DIR=./demo-data npm start keeps keys and sessions'}
${process.stdin.isTTY ? 'Enter stops the hub, and starts it again: the sites keep working. ' : ''}Ctrl+C ends.
`
}

/** Lets you stop the hub, to see the fourth promise: a page never waits for the hub. */
function takeOrders(demo: Demo): Interface {
  let isUp = true
  return createInterface({ input: process.stdin }).on('line', () => {
    isUp = !isUp
    const done = isUp ? demo.startHub() : demo.stopHub()
    done.then(
      () => console.log(isUp ? 'The hub is back.' : 'The hub is down. Enter starts it again.'),
      (error: unknown) => console.error(reason(error)),
    )
  })
}

async function leave(demo: Demo): Promise<void> {
  try {
    await demo.close()
  } catch (error) {
    console.error(reason(error))
    process.exitCode = 1
  }
}

function reason(error: unknown): string {
  if (error instanceof PortTakenError) {
    const { port, portBase: base } = error
    const free = base + 1000 <= LAST_PORT_BASE ? base + 1000 : DEFAULT_PORT_BASE
    return `Port ${port} is taken; PORT_BASE=${free} npm start uses others`
  }
  return error instanceof Error ? error.message : String(error)
}
