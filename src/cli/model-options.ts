import { z } from 'zod'
import { engineOptions } from '../runtime/options.ts'

/** What every command takes that runs a model. */
export const modelOptions = {
  model: z.string().min(1),
  /** Folders of LoRA adapters. */
  adapter: z.array(z.string().min(1)).min(1).optional(),
  ...engineOptions,
  /** Bits that the model's matrices are held in (default: 32). */
  bits: z.literal([4, 8]).optional(),
  /** Bits of a quantized copy that makes draft tokens. */
  draft: z.literal([4, 8]).optional(),
}
