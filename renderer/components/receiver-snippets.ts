/** Receivers to copy, in four languages: the programs of `examples/webhooks`, which the tests call. */
import go from '../../examples/webhooks/receiver.go?raw'
import node from '../../examples/webhooks/receiver.mjs?raw'
import php from '../../examples/webhooks/receiver.php?raw'
import python from '../../examples/webhooks/receiver.py?raw'

export const receivers = [
  { language: 'Node', code: node },
  { language: 'Python', code: python },
  { language: 'PHP', code: php },
  { language: 'Go', code: go },
] as const
