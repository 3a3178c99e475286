import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { EngineUnavailable } from '../../errors.ts'

/** The only supported version: two in one process would share symbols. */
export const VERSION = '1.30.0'

/** The post-install script downloads CUDA libraries, which are not used, and fails offline. */
const REMEDY = `npm i onnxruntime-node@${VERSION} --ignore-scripts`

/** Libraries in onnxruntime-node, by `process.platform`-`process.arch`. */
const LIBRARIES: Readonly<Record<string, string>> = {
  'linux-x64': 'libonnxruntime.so.1',
  'linux-arm64': 'libonnxruntime.so.1',
  'darwin-arm64': `libonnxruntime.${VERSION}.dylib`,
  'win32-x64': 'onnxruntime.dll',
  'win32-arm64': 'onnxruntime.dll',
}

export interface LibraryQuery {
  platform?: string
  arch?: string
  /** File from which to resolve `onnxruntime-node`. */
  from?: string
}

/** Path of ONNX Runtime's library in `onnxruntime-node`. Throws `EngineUnavailable`. */
export function findLibrary(query: LibraryQuery = {}): string {
  const { platform = process.platform, arch = process.arch, from = import.meta.url } = query
  const file = LIBRARIES[`${platform}-${arch}`]
  if (!file)
    throw new EngineUnavailable(
      `onnxruntime-node has no library for ${platform}-${arch} ` +
        `(only for ${Object.keys(LIBRARIES).join(', ')})`,
    )
  const manifest = resolve('onnxruntime-node/package.json', from)
  if (!manifest)
    throw new EngineUnavailable(`the optional package onnxruntime-node is missing; run: ${REMEDY}`)
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  if (version !== VERSION)
    throw new EngineUnavailable(
      `onnxruntime-node is ${version}, but ${VERSION} is needed; run: ${REMEDY}`,
    )
  const path = join(dirname(manifest), 'bin', 'napi-v6', platform, arch, file)
  if (!existsSync(path))
    throw new EngineUnavailable(`${path} is missing; install the package again: ${REMEDY}`)
  return path
}

function resolve(id: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(id)
  } catch {
    return undefined
  }
}
