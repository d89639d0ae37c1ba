/**
 * A promise that fails and that nobody waits for ends a hub's process; mocha passes it on to listeners and has none of its own. So the test that
 * runs at that moment fails. A test that listens itself decides for itself.
 */
const fail = (reason: unknown): void => {
  if (process.listenerCount('unhandledRejection') === 1) throw reason
}

export const mochaHooks = {
  // Each file's run takes all listeners away at its end.
  beforeAll(): void {
    if (!process.listeners('unhandledRejection').includes(fail)) process.on('unhandledRejection', fail)
  },
}
