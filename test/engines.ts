import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { loadLibrary } from '../src/files/koffi.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { openEngine } from '../src/runtime/open.ts'

/** Engines that must agree: native on the CPU, on WebGPU where it can be had, and WebAssembly. */
export async function openEngines(): Promise<Engine[]> {
  const engines = await openCpuEngines()
  const webgpu = await orSkip('native WebGPU', openSoftwareGpu())
  return webgpu ? [...engines, webgpu] : engines
}

/** Those of them that every machine runs fast: a GPU in software takes minutes for some tests. */
export async function openCpuEngines(): Promise<Engine[]> {
  const cpu = await openEngine({ engine: 'cpu', threads: 2 })
  return [cpu, await openEngine({ engine: 'wasm', threads: 2 })]
}

/** What cannot be had is skipped with one line, but is a failure under `CI=true`. */
export async function orSkip<T>(what: string, wanted: Promise<T>): Promise<T | undefined> {
  try {
    return await wanted
  } catch (error) {
    if (process.env.CI === 'true') throw error
    console.warn(`skipped: ${what} (${(error as Error).message.split('\n')[0]})`)
    return undefined
  }
}

/**
 * WebGPU computed by SwiftShader, which comes with Debian's chromium, unless a GPU is configured.
 */
export async function openSoftwareGpu(): Promise<Engine> {
  const driver = process.env.VK_DRIVER_FILES ?? findSwiftShader()
  if (driver) {
    process.env.VK_DRIVER_FILES = driver
    const loader = join(dirname(driver), 'libvulkan.so.1')
    if (existsSync(loader)) loadLibrary(loader)
  }
  return openEngine({ engine: 'webgpu', threads: 2 })
}

function findSwiftShader(): string | undefined {
  try {
    const files = execFileSync('dpkg', ['-L', 'chromium', 'chromium-common'], { encoding: 'utf8' })
    return files.split('\n').find((file) => file.endsWith('vk_swiftshader_icd.json'))
  } catch {
    return undefined
  }
}
