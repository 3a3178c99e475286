/** Texts of the page, by language. */
export const WORDS = {
  en: {
    loading: 'Loading',
    prompt: 'Prompt',
    maxTokens: 'Tokens, at most',
    temperature: 'Temperature',
    default: 'default',
    generate: 'Generate',
    stop: 'Stop',
    loaded: (loaded: string, total: string) => `Loading: ${loaded} of ${total} MB`,
  },
  zh: {
    loading: '正在加载',
    prompt: '提示词',
    maxTokens: '最大词元数',
    temperature: '温度',
    default: '默认',
    generate: '生成',
    stop: '停止',
    loaded: (loaded: string, total: string) => `正在加载：${loaded} / ${total} MB`,
  },
} as const

export type Word = Exclude<keyof typeof WORDS.en, 'loaded' | 'default'>
