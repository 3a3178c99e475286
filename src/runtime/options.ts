import { z } from 'zod'

/** Options of everything that opens an engine, see `openEngine`. */
export const engineOptions = {
  engine: z.enum(['auto', 'cpu', 'webgpu', 'wasm']).default('auto'),
  threads: z.number().int().min(1).optional(),
}
