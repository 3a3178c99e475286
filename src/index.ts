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

export { type Inspection, inspectModel } from './checkpoint/inspect-model.ts'
export { type MergeOptions, type MergeResult, merge } from './checkpoint/merge.ts'
export type { Conversation, Message } from './data/chat/conversation.ts'
export type { DataEvent } from './data/sources/data-event.ts'
export { type TrainTokenizerOptions, trainTokenizer } from './data/train-tokenizer.ts'
export { type Exported, exportModel } from './deploy/export-model.ts'
export { type Imported, importModel } from './deploy/import-model.ts'
export type { ExportOptions, ImportOptions } from './deploy/options.ts'
export { EngineUnavailable, UserError } from './errors.ts'
export {
  type EvaluateContext,
  type EvaluateOptions,
  type EvaluateResult,
  evaluate,
} from './evaluate/evaluate.ts'
export { type AdapterFolder, readAdapterFolder } from './formats/peft/adapter-folder.ts'
export type { Adapter, AdapterUse, WeightedAdapter } from './formats/peft/lora/adapter.ts'
export { mergeAdapters, unmergeAdapters } from './formats/peft/lora/merge.ts'
export { type Answer, chat, streamChat } from './generate/chat.ts'
export type { Generated } from './generate/from-tokens.ts'
export { generate, generateAll, stream } from './generate/generate.ts'
export { type BeamText, generateBeams } from './generate/generate-beams.ts'
export { LanguageModel, type LanguageModelOptions } from './generate/language-model.ts'
export { type LoadOptions, load } from './generate/load.ts'
export type { BeamOptions, ChatOptions, GenerateOptions } from './generate/options.ts'
export type { FinishReason, Piece } from './generate/sequence.ts'
export * as graph from './graph/index.ts'
export type {
  PullOptions,
  PushOptions,
  TransferEvents,
  TransferProgress,
} from './hub/options.ts'
export { pullModel } from './hub/pull.ts'
export { type PushResult, pushModel } from './hub/push.ts'
export { resolveModel } from './hub/resolve-model.ts'
export {
  type ArchitectureName,
  DECODER_ARCHITECTURES,
  ENCODER_ARCHITECTURES,
  ENCODER_DECODER_ARCHITECTURES,
} from './models/architectures/index.ts'
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
export type {
  EncoderDecoderConfig,
  EncoderDecoderSizes,
} from './models/encoder-decoder-config.ts'
export type { HeadConfig } from './models/head-config.ts'
export { countParameters, createModel, type Model, type ModelConfig } from './models/model.ts'
export * as nn from './nn/index.ts'
export { type Classified, classify, estimate, type TextInput } from './predict/classify.ts'
export { cosineSimilarity, embed } from './predict/embed.ts'
export { type Filling, fillMask } from './predict/fill-mask.ts'
export { type Prediction, type PredictOptions, predict } from './predict/predict.ts'
export { type TaggedWord, tag } from './predict/tag.ts'
export { loadTextModel, TextModel } from './predict/text-model.ts'
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
export { type EngineChoice, type EngineOptions, openEngine } from './runtime/open.ts'
export type { TrainBpeOptions } from './text/bpe/train.ts'
export { trainBpe } from './text/bpe/train.ts'
export { trainCharTokenizer } from './text/char.ts'
export type { ChatMessage } from './text/chat-template.ts'
export { loadTokenizer } from './text/load.ts'
export type { StreamDecoder, Tokenizer } from './text/tokenizer.ts'
export type { TrainOptions } from './train/options.ts'
export type { Metrics } from './train/report/metrics.ts'
export type { StartFacts, TrainEvents, TrainResult } from './train/session.ts'
export { readTokenizer } from './train/tokenizer-for.ts'
export { train } from './train/train.ts'
export type { TrainContext } from './train/train-task.ts'
export type { TuneOptions } from './tune/options.ts'
export { tune } from './tune/tune.ts'
