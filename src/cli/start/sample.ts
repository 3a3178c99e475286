import { generate } from '../../generate/generate.ts'
import type { LanguageModel } from '../../generate/language-model.ts'

/** What a model writes on its own: the same from the same model. */
export async function sampleFrom(model: LanguageModel, prompt = ''): Promise<string> {
  const sampling = { temperature: 0.8, topP: 0.95, maxTokens: 100, seed: 1 }
  const { text } = await generate(model, { prompt, ...sampling })
  return `${prompt}${text}`.trim()
}
