import type { DecoderConfig } from '../../models/decoder-config.ts'
import { contradiction, type FieldReader } from './fields.ts'
import { readLayerTypes, windowsOf, writeLayerTypes } from './windows.ts'

/**
 * Qwen's windows: in layers from `max_window_layers` on, and only if `use_sliding_window` says so.
 */
export function qwenWindows(field: FieldReader, layers: number) {
  const used = field.boolean('use_sliding_window', false)
  const size = field.optionalCount('sliding_window', 4096)
  const first = field.index('max_window_layers', 28)
  const windowed = readLayerTypes(
    field,
    layers,
    (layer) => used && size !== undefined && layer >= first,
  )
  if (windowed.includes(true) && !(used && size !== undefined)) {
    const [name, value] = used ? ['sliding_window', null] : ['use_sliding_window', false]
    throw contradiction(['layer_types', field.list('layer_types')], [name, value])
  }
  return windowsOf(used ? size : undefined, windowed)
}

export const writeQwenWindows = (config: DecoderConfig) => ({
  use_sliding_window: config.window !== undefined,
  sliding_window: config.window ?? null,
  max_window_layers: config.windowed ? Math.max(0, config.windowed.indexOf(true)) : 0,
  layer_types: writeLayerTypes(config),
})
