import type { Engine } from '../engine.ts'
import { EngineUnavailable } from '../errors.ts'

/** `because` is why another engine was not taken. */
export async function openWasm(_threads?: number, because?: string): Promise<Engine> {
  throw new EngineUnavailable(`${because ?? ''} the WebAssembly engine is not built yet`.trim())
}
