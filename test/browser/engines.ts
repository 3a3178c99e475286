import type { Engine } from '../../src/runtime/engine.ts'
import { openEngine } from '../../src/runtime/web/open.ts'

/** The engine that the page's address asks for: stands for `test/engines.ts` there. */
export async function openEngines(): Promise<Engine[]> {
  const engine = new URLSearchParams(location.search).get('engine') as 'wasm' | 'webgpu'
  return [await openEngine({ engine, threads: 2 })]
}

export const openCpuEngines = openEngines
