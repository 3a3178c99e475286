import { resolve } from 'node:path'
import { type Command, runForJson } from './child.ts'
import { type TrainingResult, type TrainingTask, trainingResult } from './training-task.ts'

/** The peer's script: in the repository, not in the package. */
const SCRIPT = resolve('peers/torch/train_step.py')

export interface Torch {
  python: string
  version: string
}

/** A Python that has PyTorch, if there is one. */
export async function findTorch(): Promise<Torch | undefined> {
  const ask = 'import json, torch, numpy; print(json.dumps(torch.__version__))'
  for (const python of ['python3', 'python', '/usr/bin/python3']) {
    const version = await runForJson({ file: python, args: ['-c', ask] }).catch(() => undefined)
    if (typeof version === 'string') return { python, version }
  }
  return undefined
}

/** Settings of PyTorch: OpenBLAS's kernels, and how the optimizer steps. */
interface TorchSetting {
  /** OPENBLAS_CORETYPE; undefined leaves the choice to OpenBLAS. */
  coreType?: string
  /** The optimizer updates many parameters in one call. */
  foreach: boolean
}

const CORE_TYPES = [undefined, 'SKYLAKEX', 'COOPERLAKE', 'ZEN', 'HASWELL']

const TORCH_SETTINGS: readonly TorchSetting[] = CORE_TYPES.flatMap((coreType) =>
  [false, true].map((foreach) => ({ coreType, foreach })),
)

export const nameSetting = ({ coreType = 'as detected', foreach }: TorchSetting): string =>
  `kernels ${coreType}${foreach ? ', foreach' : ''}`

/** PyTorch's side of a training task, in a process of its own. */
export async function trainWithTorch(
  { python }: Torch,
  { coreType, foreach }: TorchSetting,
  task: TrainingTask,
): Promise<TrainingResult> {
  // The machine's presets would override every setting.
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env
  const command: Command = {
    file: python,
    args: [SCRIPT, JSON.stringify({ ...task, foreach })],
    env: {
      ...env,
      OMP_NUM_THREADS: String(task.threads),
      ...(coreType && { OPENBLAS_CORETYPE: coreType }),
    },
  }
  return trainingResult.parse(await runForJson(command))
}

/** The setting with the fastest steps. Kernels that the processor cannot run are left out. */
export async function fastestSetting(
  torch: Torch,
  task: TrainingTask,
  report: (line: string) => void,
): Promise<TorchSetting> {
  let best: { setting: TorchSetting; time: number } | undefined
  let reason: unknown
  for (const setting of TORCH_SETTINGS) {
    const result = await trainWithTorch(torch, setting, task).catch((error) => {
      reason = error
      return undefined
    })
    const time = result && Math.min(...result.times)
    report(`  PyTorch, ${nameSetting(setting)}: ${time?.toFixed(1) ?? 'fails'} ms`)
    if (time !== undefined && time < (best?.time ?? Infinity)) best = { setting, time }
  }
  if (!best) throw new Error('PyTorch fails with every setting', { cause: reason })
  return best.setting
}
