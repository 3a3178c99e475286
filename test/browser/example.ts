import {
  adamW,
  Decoder,
  data,
  type Engine,
  generate,
  gpt2Config,
  LanguageModel,
  Trainer,
  trainCharTokenizer,
} from '../../src/web.ts'

/** Trains a small model on `text`, telling each step's loss, and continues `prompt`. */
export async function learn(
  engine: Engine,
  text: string,
  { steps, prompt, onLoss }: { steps: number; prompt: string; onLoss: (loss: number) => void },
): Promise<string> {
  const tokenizer = await trainCharTokenizer([text], { specialTokens: [] })
  const sizes = { vocabSize: tokenizer.vocabSize, context: 32, layers: 1, dim: 32, heads: 2 }
  const decoder = new Decoder(gpt2Config(sizes))
  const shape = { batch: 4, length: 16, seed: 1, optimizer: adamW(), weightDecay: 0.1 }
  const trainer = await Trainer.create({ engine, model: decoder, ...shape })
  const windows = data.randomWindows(data.memoryTokens(tokenizer.encode(text)), { seed: 1 })
  const reader = data.batchReader(windows, { rows: shape.batch, length: shape.length })
  for (let i = 0; i < steps; i++) onLoss((await trainer.next(reader.next(), 3e-2)).loss)
  const weights = { live: trainer.parameters }
  const model = await LanguageModel.create({ engine, model: decoder, tokenizer, weights })
  return (await generate(model, { prompt, maxTokens: 12, temperature: 0 })).text
}
