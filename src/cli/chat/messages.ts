import type { Language } from '../../language.ts'

/** Every word that a conversation shows besides the user's and the model's. */
export const chatMessages = {
  en: {
    talk: 'Talk to the model. /help lists what else you can do.',
    continues:
      'This model has no chat template: it was not taught to answer. It continues the text ' +
      'that you type; press Enter alone for more.',
    rewrites:
      'This model has no chat template: it rewrites each text that you enter, without regard to ' +
      'what came before. /help lists what else you can do.',
    help: [
      '/reset   forget what was said',
      '/exit    leave (also Ctrl-D, or Ctrl-C twice)',
      '/help    this list',
      'A backslash at the end of a line continues it on the next. Ctrl-C stops an answer.',
    ].join('\n'),
    reset: 'Forgotten. The conversation starts over.',
    unknown: (command: string) => `There is no command ${command}; /help lists the commands.`,
    leave: 'Press Ctrl-C again, or type /exit, to leave.',
    forgot: '[The first messages no longer fit into the context, and the model does not see them.]',
    stopped: '[stopped]',
    empty: '[The model had nothing to say.]',
  },
  zh: {
    talk: '和模型聊天吧。输入 /help 查看其他命令。',
    continues:
      '该模型没有对话模板，没有学过如何回答。它会接着您输入的文字往下写；直接按回车可让它继续。',
    rewrites:
      '该模型没有对话模板：它根据您输入的每段文字各写一段，不参考之前的内容。输入 /help 查看其他命令。',
    help: [
      '/reset   清除之前的对话',
      '/exit    退出（也可按 Ctrl-D，或按两次 Ctrl-C）',
      '/help    显示本列表',
      '行末加反斜杠可以换行继续输入。Ctrl-C 停止当前回答。',
    ].join('\n'),
    reset: '已清除，对话重新开始。',
    unknown: (command: string) => `没有 ${command} 这个命令；输入 /help 查看可用命令。`,
    leave: '再按一次 Ctrl-C 或输入 /exit 退出。',
    forgot: '[最早的消息已超出上下文长度，模型看不到它们。]',
    stopped: '[已停止]',
    empty: '[模型没有回答。]',
  },
} satisfies Record<Language, object>
