import { adaptablesOf } from '../formats/peft/lora/adaptable.ts'
import { blockShapes } from '../graph/index.ts'
import type { Model } from '../models/model.ts'
import { type Bits, BLOCK, quantizeBlocks } from '../models/quantize.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'

/**
 * The frozen parameters of a model with the matrices of its layers in whole numbers of `bits`,
 * block by block, as its graphs read them from now on (QLoRA, Dettmers et al. 2023). The output and
 * what is looked up stay as they are. What the matrices were given in is freed.
 */
export async function quantizeFrozen(
  engine: Engine,
  model: Model,
  frozen: Readonly<Record<string, DeviceTensor>>,
  bits: Bits,
): Promise<Record<string, DeviceTensor>> {
  const result = { ...frozen }
  for (const { layers, isOutput } of adaptablesOf(model).values()) {
    if (isOutput) continue
    for (const { path, layer } of layers) {
      const name = `${path}.weight`
      const matrix = result[name] as DeviceTensor
      const [rows, columns] = matrix.shape as [number, number]
      const format = { bits, blockSize: BLOCK, rows, columns }
      const shapes = blockShapes(format)
      const { blocks, scales } = quantizeBlocks((await matrix.read()) as Float32Array, format)
      const [blocksTensor, scalesTensor] = [
        engine.tensor('uint8', shapes.blocks),
        engine.tensor('float32', shapes.scales),
      ]
      blocksTensor.write(blocks)
      scalesTensor.write(scales)
      layer.quantize(format)
      matrix.dispose()
      delete result[name]
      result[`${name}.blocks`] = blocksTensor
      result[`${name}.scales`] = scalesTensor
    }
  }
  return result
}
