/** What Node and pages share: nothing here reaches a Node built-in. */

export { type AugmentTextOptions, augmentText } from './data/augment/augmenter.ts'
export * as data from './data/index.ts'
export type { BatchSource } from './data/readers/reader.ts'
export { EngineUnavailable, UserError } from './errors.ts'
export { LossMeter } from './evaluate/loss-meter.ts'
export {
  type Activation,
  type ForwardInput,
  type ForwardOptions,
  type ForwardResult,
  forward,
  type ReadableModel,
} from './explain/forward.ts'
export { activationPaths } from './explain/trace.ts'
export { type ByteSource, blobSource, bytesSource } from './files/byte-source.ts'
export { readConfig, writeConfig } from './formats/huggingface/config.ts'
export { type ModelFilesOptions, modelFiles } from './formats/huggingface/model-files.ts'
export { importTensors } from './formats/huggingface/weights.ts'
export type { Adapter, AdapterUse, WeightedAdapter } from './formats/peft/lora/adapter.ts'
export { mergeAdapters, unmergeAdapters } from './formats/peft/lora/merge.ts'
export { openSafetensors, type Weights } from './formats/safetensors/safetensors.ts'
export { type Answer, chat, streamChat } from './generate/chat.ts'
export type { Generated } from './generate/from-tokens.ts'
export { generate, generateAll, stream } from './generate/generate.ts'
export { type BeamText, generateBeams } from './generate/generate-beams.ts'
export { LanguageModel, type LanguageModelOptions } from './generate/language-model.ts'
export type { BeamOptions, ChatOptions, GenerateOptions } from './generate/options.ts'
export type { FinishReason, Piece } from './generate/sequence.ts'
export * as graph from './graph/index.ts'
export * as metrics from './metrics/index.ts'
export {
  type ArchitectureName,
  DECODER_ARCHITECTURES,
  ENCODER_ARCHITECTURES,
  ENCODER_DECODER_ARCHITECTURES,
} from './models/architectures.ts'
export { Decoder } from './models/decoder.ts'
export {
  type DecoderConfig,
  type DecoderSizes,
  gpt2Config,
  llamaConfig,
} from './models/decoder-config.ts'
export { Encoder } from './models/encoder.ts'
export type { EncoderConfig, EncoderSizes } from './models/encoder-config.ts'
export { EncoderDecoder } from './models/encoder-decoder.ts'
export type { EncoderDecoderConfig, EncoderDecoderSizes } from './models/encoder-decoder-config.ts'
export type { HeadConfig } from './models/head-config.ts'
export { countParameters, createModel, type Model, type ModelConfig } from './models/model.ts'
export * as nn from './nn/index.ts'
export { rewardObjective } from './objectives/bradley-terry.ts'
export { languageModelObjective, nextToken } from './objectives/language-model.ts'
export type { Objective, ObjectiveBuilder, ObjectiveSizes } from './objectives/objective.ts'
export { type PreferenceLoss, preferenceObjective } from './objectives/preference.ts'
export { type Classified, classify, estimate, type TextInput } from './predict/classify.ts'
export { cosineSimilarity, embed } from './predict/embed.ts'
export { type Filling, fillMask } from './predict/fill-mask.ts'
export { rewards } from './predict/rewards.ts'
export { type TaggedWord, tag } from './predict/tag.ts'
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
export { type TrainBpeOptions, trainBpe } from './text/bpe/train.ts'
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
export { type Schedule, type ScheduleOptions, schedules } from './train/schedules.ts'
export { DivergenceError, type StepResult, Trainer, type TrainerOptions } from './train/trainer.ts'
