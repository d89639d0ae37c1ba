/** What the contract's other processes import: it opens a store at its address. */
import { inProcesses as run, type Task } from '../../sdk/testing/store-contract/in-processes.js'
import { type Address, openAt } from './store-address.js'

export default openAt

export const opener = import.meta.url

export const inProcesses = (processes: number, address: Address, task: Task): Promise<number[]> =>
  run(processes, { opener, address, task })
