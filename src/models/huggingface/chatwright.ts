import { UserError } from '../../errors.ts'
import { checkConfig, type DecoderConfig, gpt2Config } from '../decoder-config.ts'
import type { Family } from './family.ts'

/** A combination that no family of Hugging Face can say: fields and names as they are here. */
export const chatwright: Family = {
  modelType: 'chatwright',
  fits: () => true,
  write: (config) => ({ architectures: ['Decoder'], model_type: 'chatwright', ...config }),
  read: (field): DecoderConfig => {
    const template = gpt2Config({ vocabSize: 1, context: 1, layers: 1, dim: 1, heads: 1 })
    const entries = Object.entries(template).map(([name, value]) => {
      if (typeof value === 'number') return [name, field.number(name)]
      if (typeof value === 'boolean') return [name, field.boolean(name)]
      return [name, field.string(name)]
    })
    const config: DecoderConfig = Object.fromEntries(entries)
    try {
      return checkConfig(config)
    } catch (error) {
      throw new UserError(`config.json: ${(error as Error).message}`)
    }
  },
  renames: [],
}
