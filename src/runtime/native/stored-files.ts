import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ReplacedError } from '../../errors.ts'
import { versionOf } from '../../files/node-file.ts'
import { isStored, type OnnxModel } from '../../graph/onnx/model.ts'

/**
 * Throws ReplacedError where a file that weights lie in is no longer the one that was opened. ONNX
 * Runtime maps it by its path: beside what was read before, that would be another model's, as where
 * a training has replaced its best model meanwhile.
 */
export async function expectSameFiles({ weights }: OnnxModel): Promise<void> {
  const versions = new Map<string, string>()
  for (const { data } of Object.values(weights))
    if (isStored(data) && data.version) versions.set(join(data.folder, data.file), data.version)
  for (const [path, version] of versions) {
    const now = await stat(path).catch(() => undefined)
    if (now && versionOf(now) === version) continue
    throw new ReplacedError(`${path} was replaced after it was opened; load the model again`)
  }
}
