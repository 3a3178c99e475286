/**
 * Chatwright in a page or a worker: models are trained, run and talked to in memory. Nothing here
 * reaches a Node built-in; files, folders and the command line are in `chatwright`.
 *
 * @example
 * const engine = await openEngine()
 * const trainer = await Trainer.create({ engine, model, batch: 8, length: 32, seed: 1, ... })
 * await trainer.next(batch, 1e-3)
 *
 * @packageDocumentation
 */

export * as data from './data/index.ts'
export { EngineUnavailable, UserError } from './errors.ts'
export { LossMeter } from './evaluate/loss-meter.ts'
export { type ByteSource, blobSource, bytesSource } from './files/byte-source.ts'
export { readConfig, writeConfig } from './formats/huggingface/config.ts'
export { type ModelFilesOptions, modelFiles } from './formats/huggingface/model-files.ts'
export { importTensors } from './formats/huggingface/weights.ts'
export { openSafetensors, type Weights } from './formats/safetensors/safetensors.ts'
export { type Answer, chat, streamChat } from './generate/chat.ts'
export type { Generated } from './generate/from-tokens.ts'
export { generate, generateAll, stream } from './generate/generate.ts'
export { LanguageModel, type LanguageModelOptions } from './generate/language-model.ts'
export type { ChatOptions, GenerateOptions } from './generate/options.ts'
export type { FinishReason, Piece } from './generate/sequence.ts'
export * as graph from './graph/index.ts'
export { Decoder } from './models/decoder.ts'
export {
  type DecoderConfig,
  type DecoderSizes,
  gpt2Config,
  llamaConfig,
} from './models/decoder-config.ts'
export { countParameters } from './models/model.ts'
export * as nn from './nn/index.ts'
export { Random } from './random.ts'
export type { Bound, Feeds, Sizes, Tensors } from './runtime/bound.ts'
export {
  type Compiled,
  type CompileGraphOptions,
  compile,
  type Weights as GraphWeights,
} from './runtime/compile.ts'
export type {
  Binding,
  CompileOptions,
  DeviceTensor,
  Engine,
  EngineName,
  Program,
} from './runtime/engine.ts'
export { openEngine, type PageEngineOptions } from './runtime/web/open.ts'
export type { TrainBpeOptions } from './text/bpe/train.ts'
export { trainBpe } from './text/bpe/train.ts'
export { trainCharTokenizer } from './text/char.ts'
export { CHATML, type ChatMessage, renderTemplate } from './text/chat-template.ts'
export { loadTokenizer } from './text/load.ts'
export type { StreamDecoder, Tokenizer } from './text/tokenizer.ts'
export {
  adam,
  adamW,
  lion,
  muon,
  OPTIMIZERS,
  type Optimizer,
  sgd,
} from './train/optimizers/index.ts'
export type { Metrics } from './train/report/metrics.ts'
export { type RunOptions, type RunResult, runTraining } from './train/run.ts'
export { type Schedule, schedules } from './train/schedules.ts'
export { DivergenceError, type StepResult, Trainer, type TrainerOptions } from './train/trainer.ts'
