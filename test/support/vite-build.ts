/** Vite's bundles. */
import { build, type InlineConfig } from 'vite'

/** Vite writes into this process's environment for what it builds; the sites of later tests would believe that they are in production. */
export async function viteBuild(config: InlineConfig): Promise<unknown> {
  const before = process.env.NODE_ENV
  try {
    return await build(config)
  } finally {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  }
}
