import type { z } from 'zod'
import { UserError } from '../../errors.ts'
import { decoderSchema } from '../../models/decoder-config.ts'
import { encoderSchema } from '../../models/encoder-config.ts'
import { encoderDecoderSchema } from '../../models/encoder-decoder-config.ts'
import type { ModelConfig } from '../../models/model.ts'
import type { Architecture } from './architecture.ts'

export const CONFIG_SCHEMAS: Readonly<Record<ModelConfig['kind'], z.ZodType<ModelConfig>>> = {
  decoder: decoderSchema,
  encoder: encoderSchema,
  'encoder-decoder': encoderDecoderSchema,
}

/**
 * A combination that no architecture of Hugging Face can say: options and names as they are here.
 */
export const chatwright: Architecture = {
  modelType: 'chatwright',
  write: (config) => ({
    architectures: ['Chatwright'],
    model_type: 'chatwright',
    chatwright: config,
  }),
  read: (field) => {
    const given = field.object('chatwright') ?? {}
    const kind = String(given.kind)
    if (!Object.hasOwn(CONFIG_SCHEMAS, kind))
      throw new UserError(
        `config.json: chatwright.kind is ${JSON.stringify(given.kind)}; supported is ` +
          `${Object.keys(CONFIG_SCHEMAS).join(', ')}`,
      )
    const parsed = CONFIG_SCHEMAS[kind as ModelConfig['kind']].safeParse(given)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw new UserError(`config.json: chatwright.${issue?.path.join('.')}: ${issue?.message}`)
  },
  renames: () => [],
}
