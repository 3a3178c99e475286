import { openEngine } from '../../src/runtime/web/open.ts'
import { cases } from './cases.ts'
import { runCase } from './run-case.ts'

/** Loaded by a page: runs one case on an engine of the page. Throws what is wrong with it. */
export async function runInPage(name: 'wasm' | 'webgpu', index: number): Promise<void> {
  const test = cases[index]
  if (!test) throw new RangeError(`there is no case ${index}`)
  await runCase(await engineOf(name), test)
}

const engines = new Map<string, ReturnType<typeof openEngine>>()

function engineOf(name: 'wasm' | 'webgpu'): ReturnType<typeof openEngine> {
  const engine = engines.get(name) ?? openEngine({ engine: name, threads: 2 })
  engines.set(name, engine)
  return engine
}
