import { sizeOf } from '../../graph/index.ts'
import { createModel, type Model, type ModelConfig } from '../../models/model.ts'
import type { ReadParameter } from '../tensor-map.ts'

const POSITIONS = 'model.embed_positions.weight'

/**
 * The same model without what changes nothing, and what no architecture of llama.cpp therefore has:
 * a window as long as the context, and rows of the table of positions before that of the first.
 */
export function asPlain(model: Model, read: ReadParameter): { model: Model; read: ReadParameter } {
  const config = withoutOffset(withoutIdleWindow(model.config))
  if (config === model.config) return { model, read }
  const plain = createModel(config)
  const size = sizeOf(plain.parameters().get(POSITIONS)?.shape ?? [])
  return {
    model: plain,
    read: async (name) => {
      const values = await read(name)
      return name === POSITIONS ? values.subarray(values.length - size) : values
    },
  }
}

function withoutIdleWindow(config: ModelConfig): ModelConfig {
  if (config.kind !== 'decoder' || config.windowRopeTheta !== undefined) return config
  const { window, windowed: _, ...others } = config
  return window !== undefined && window >= config.context ? others : config
}

const withoutOffset = (config: ModelConfig): ModelConfig =>
  config.kind === 'encoder' && config.positionOffset > 0 ? { ...config, positionOffset: 0 } : config
