/**
 * Chatwright, in Node: train, tune, run and talk to language models. Each command of the command
 * line is one of these functions with the same options; `chatwright/web` is what a page can use.
 *
 * @example
 * await train({ data: ['book.txt'], out: 'my-model', depth: 4 })
 * const model = await load('my-model')
 * const { text } = await generate(model, { prompt: 'Call me', maxTokens: 50 })
 *
 * @packageDocumentation
 */

export * from './api.ts'
export { type Inspection, inspectModel } from './checkpoint/inspect-model.ts'
export { type MergeOptions, type MergeResult, merge } from './checkpoint/merge.ts'
export { loadTensors, saveModel, saveTensors } from './checkpoint/save.ts'
export type { Conversation } from './data/chat/conversation.ts'
export type { Message } from './data/chat/messages.ts'
export type { DataEvent } from './data/sources/data-event.ts'
export { type TrainTokenizerOptions, trainTokenizer } from './data/train-tokenizer.ts'
export { type Exported, exportModel } from './deploy/export-model.ts'
export { type Imported, importModel } from './deploy/import-model.ts'
export type { ExportOptions, ImportOptions } from './deploy/options.ts'
export {
  type BenchmarkContext,
  evaluateBenchmarks,
} from './evaluate/benchmarks/evaluate-benchmarks.ts'
export type { BenchmarkOptions } from './evaluate/benchmarks/options.ts'
export {
  type CompareOptions,
  type Comparison,
  compareEvaluations,
  compareRuns,
} from './evaluate/compare.ts'
export {
  type EvaluateContext,
  type EvaluateOptions,
  type EvaluateResult,
  evaluate,
} from './evaluate/evaluate.ts'
export { type EvaluationRun, readRun, writeRun } from './evaluate/run.ts'
export { type AdapterFolder, readAdapterFolder } from './formats/peft/adapter-folder.ts'
export { type LoadOptions, load } from './generate/load.ts'
export type { PullOptions, PushOptions, TransferEvents, TransferProgress } from './hub/options.ts'
export { pullModel } from './hub/pull.ts'
export { type PushResult, pushModel } from './hub/push.ts'
export { resolveModel } from './hub/resolve-model.ts'
export { type Prediction, type PredictOptions, predict } from './predict/predict.ts'
export { loadTextModel, TextModel } from './predict/text-model.ts'
export { type EngineChoice, type EngineOptions, openEngine } from './runtime/open.ts'
export {
  type AugmentDataOptions,
  type AugmentDataResult,
  augmentData,
} from './tasks/augment-data.ts'
export type { TrainOptions } from './train/options.ts'
export type { StartFacts, TrainEvents, TrainResult } from './train/session.ts'
export { readTokenizer } from './train/tokenizer-for.ts'
export { train } from './train/train.ts'
export type { TrainContext } from './train/train-task.ts'
export { distill } from './tune/distill/distill.ts'
export type { DistillOptions } from './tune/distill/options.ts'
export type { RewardFunction } from './tune/grpo/reward-options.ts'
export type { TuneOptions } from './tune/options.ts'
export type { Forgetting, Gain, Matrix, MatrixCell } from './tune/transfer/matrix.ts'
export type { Measured } from './tune/transfer/measure.ts'
export type { TransferOptions } from './tune/transfer/options.ts'
export { type TransferContext, type TransferResult, transfer } from './tune/transfer/transfer.ts'
export { tune } from './tune/tune.ts'
