/** What the page says, by language. */
export const WORDS = {
  en: {
    loading: 'Loading',
    prompt: 'Prompt',
    maxTokens: 'Tokens, at most',
    temperature: 'Temperature',
    default: 'default',
    generate: 'Generate',
    stop: 'Stop',
    loaded: (come: string, all: string) => `Loading: ${come} of ${all} MB`,
  },
  zh: {
    loading: '正在加载',
    prompt: '提示',
    maxTokens: '最多词元数',
    temperature: '温度',
    default: '默认',
    generate: '生成',
    stop: '停止',
    loaded: (come: string, all: string) => `正在加载：${come} / ${all} MB`,
  },
} as const

export type Word = Exclude<keyof typeof WORDS.en, 'loaded' | 'default'>
