import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Decoder } from '../src/models/decoder.ts'
import { trainingFlopsPerToken } from '../src/models/parameters.ts'
import { inFolder, runChild } from './child.ts'
import { formatProfile, readTraces } from './profile.ts'
import { type BenchOptions, median, type Row, row } from './row.ts'
import { fastestSetting, findTorch, nameSetting, type Torch, trainWithTorch } from './torch.ts'
import {
  configOf,
  type OwnResult,
  type OwnTask,
  ownResult,
  type TrainingResult,
  type TrainingSizes,
  type TrainingTask,
  writeTrainingData,
} from './training-task.ts'

/** A configuration, and how long it is measured. */
interface Configuration extends TrainingSizes {
  name: string
  /** Timed steps of one process. */
  steps: number
  /** Learning rate. If it is too high, rounding alone drives the losses of two programs apart. */
  rate: number
}

/** nanoGPT's model for a CPU, its model of characters, and GPT-2 small. */
export const CONFIGURATIONS: readonly Configuration[] = [
  {
    name: '4 layers, 128 wide',
    layers: 4,
    heads: 4,
    width: 128,
    context: 64,
    vocabulary: 65,
    batch: 12,
    steps: 150,
    rate: 1e-3,
  },
  {
    name: '6 layers, 384 wide',
    layers: 6,
    heads: 6,
    width: 384,
    context: 256,
    vocabulary: 65,
    batch: 8,
    steps: 12,
    rate: 1e-3,
  },
  {
    name: 'GPT-2 small',
    layers: 12,
    heads: 12,
    width: 768,
    context: 256,
    vocabulary: 50_257,
    batch: 4,
    steps: 7,
    rate: 1e-4,
  },
]

export interface BenchTrainOptions extends BenchOptions {
  configurations?: readonly Configuration[]
  /** Also reports where the time of our step goes. */
  profile?: boolean
}

interface Bench extends Required<BenchOptions> {
  torch: Torch | undefined
}

/**
 * Measures training steps: time, peak memory, and share of the machine's peak rate. If PyTorch is
 * installed, it takes turns with ours on the same work, in its fastest setting. Throws if the
 * losses of the two differ.
 */
export async function benchTrain({
  configurations = CONFIGURATIONS,
  threads = availableParallelism(),
  rounds = 3,
  profile = false,
  report = () => {},
}: BenchTrainOptions = {}): Promise<Row[]> {
  const torch = await findTorch()
  if (!torch) report('PyTorch was not found: the figures are ours alone')
  const rows: Row[] = []
  for (const { name, steps, rate, ...sizes } of configurations) {
    report(`${name}, batch ${sizes.batch} x ${sizes.context}, vocabulary ${sizes.vocabulary}`)
    await inFolder(async (folder) => {
      const files = await writeTrainingData(folder, sizes)
      const task = { ...sizes, ...files, threads, rate, warmup: WARMUP, steps }
      rows.push(...(await measure(name, task, { threads, rounds, torch, report })))
      if (profile) report(await profileSteps(task, folder))
    })
  }
  return rows
}

/** Steps before the timed ones; with GPT-2 small's seven they make ten. */
const WARMUP = 3

async function measure(name: string, task: TrainingTask, bench: Bench): Promise<Row[]> {
  const { torch, rounds, report } = bench
  const short = { ...task, warmup: 1, steps: Math.ceil(task.steps / 5) }
  const setting = torch && (await fastestSetting(torch, short, report))
  const [ours, peers]: [OwnResult[], TrainingResult[]] = [[], []]
  for (let round = 1; round <= rounds; round++) {
    const own = await trainOurselves(task)
    ours.push(own)
    report(`  round ${round}, ours: ${formatTimes(own)}`)
    if (!torch || !setting) continue
    const peer = await trainWithTorch(torch, setting, task)
    peers.push(peer)
    report(`  round ${round}, PyTorch: ${formatTimes(peer)}`)
    report(`  greatest difference of ten losses: ${compareLosses(own, peer).toExponential(1)}`)
  }
  const peerName = torch && setting && `PyTorch ${torch.version}, ${nameSetting(setting)}`
  return toRows(name, task, ours, peers, peerName)
}

/** Our side of a training task, in a process of its own. */
export const trainOurselves = async (task: OwnTask): Promise<OwnResult> =>
  ownResult.parse(await runChild('train', [JSON.stringify(task)]))

const LOSSES = 10
const TOLERANCE = 1e-3

/** The greatest difference between the first ten losses. Throws if it is over 0.001. */
export function compareLosses(ours: TrainingResult, peer: TrainingResult): number {
  const first = ours.losses.slice(0, LOSSES)
  const worst = Math.max(...first.map((loss, i) => Math.abs(loss - (peer.losses[i] ?? Number.NaN))))
  if (worst <= TOLERANCE) return worst
  const list = ({ losses }: TrainingResult) =>
    losses
      .slice(0, LOSSES)
      .map((loss) => loss.toFixed(4))
      .join(' ')
  throw new Error(
    `the losses differ by ${worst.toPrecision(2)}: ours ${list(ours)}, the peer's ${list(peer)}`,
  )
}

function toRows(
  name: string,
  task: TrainingTask,
  ours: readonly OwnResult[],
  peers: readonly TrainingResult[],
  peerName: string | undefined,
): Row[] {
  const tokens = task.batch * task.context
  const work = trainingFlopsPerToken(new Decoder(configOf(task)), task.context) * tokens
  const peak = Math.max(...ours.map(({ peakRate }) => peakRate))
  const time = (results: readonly TrainingResult[]) => median(results.flatMap(({ times }) => times))
  const share = (results: readonly TrainingResult[]) => (100 * work) / (time(results) / 1000) / peak
  const memory = (results: readonly TrainingResult[]) =>
    Math.max(...results.map(({ peakMemory }) => peakMemory)) / 2 ** 20
  const compared = (measure: (results: readonly TrainingResult[]) => number) => ({
    ours: measure(ours),
    ...(peerName && { peer: measure(peers), peerName }),
  })
  return [
    row({ name: `${name}: step`, ...compared(time), unit: 'ms', better: 'lower' }),
    row({ name: `${name}: memory`, ...compared(memory), unit: 'MiB', better: 'lower' }),
    row({ name: `${name}: of the peak`, ...compared(share), unit: '%', better: 'higher' }),
  ]
}

const formatTimes = ({ times, peakMemory }: TrainingResult): string =>
  `${median(times).toFixed(1)} ms (least ${Math.min(...times).toFixed(1)}), ` +
  `${Math.round(peakMemory / 2 ** 20)} MiB`

/** Where the time of our step goes, as a table. */
async function profileSteps(task: TrainingTask, folder: string): Promise<string> {
  const profile = join(folder, 'trace-')
  const steps = Math.min(task.steps, 20)
  await trainOurselves({ ...task, steps, profile })
  return formatProfile(await readTraces(folder), task.warmup + steps)
}
