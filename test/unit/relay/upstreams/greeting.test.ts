/** In which order a server is greeted, and what an ended process is remembered by. */
import { expect, test } from 'vitest'
import { createEraMemory, type Era } from '../../../../server/relay/upstreams/era.ts'
import { askPatience, firstGreeting, nextGreeting, type Setback, type Tried } from '../../../../server/relay/upstreams/greeting.ts'
import { LastWords } from '../../../../server/relay/upstreams/last-words.ts'

const startTimeout = 180_000

/** All greetings of one start in which nothing succeeds. */
function course(known: Era | undefined, ...setbacks: Setback['how'][]): string[] {
  const tried: Tried[] = []
  const ways: string[] = []
  let greeting: ReturnType<typeof nextGreeting> = firstGreeting(known, startTimeout)
  for (const how of setbacks) {
    if (greeting === null) break
    ways.push(greeting.way === 'ask' ? `ask ${greeting.patience}` : greeting.way)
    tried.push({ greeting, setback: how === 'late' ? { how, answer: {} } : { how } })
    greeting = nextGreeting(tried, startTimeout)
  }
  expect(greeting).toBeNull()
  return ways
}

test.each<[string, Era | undefined, Setback['how'][], string[]]>([
  ['that ended when it was asked is greeted', undefined, ['gone', 'gone'], [`ask ${askPatience}`, 'greet']],
  ['that would not answer is greeted', undefined, ['refused', 'refused'], [`ask ${askPatience}`, 'greet']],
  [
    'that was silent and takes no greeting is asked for as long as a start may take',
    undefined,
    ['silent', 'refused', 'silent'],
    [`ask ${askPatience}`, 'greet', `ask ${startTimeout}`],
  ],
  ['that answered too late goes on with that answer', undefined, ['late', 'gone'], [`ask ${askPatience}`, 'adopt']],
  ['that is known to be old is greeted alone', 'legacy', ['gone'], ['greet']],
  ['that was old, and takes no greeting any more, is asked', 'legacy', ['refused', 'refused'], ['greet', `ask ${startTimeout}`]],
  ['that is known to be new has time to answer', 'modern', ['gone', 'gone'], [`ask ${startTimeout / 2}`, 'greet']],
  ['where nobody is is asked nothing more', undefined, ['final'], [`ask ${askPatience}`]],
])('a server %s', (_, known, setbacks, ways) => expect(course(known, ...setbacks)).toEqual(ways))

test('only what an answer has shown is kept; what a process ended at is a guess of this run', () => {
  const kept: Era[] = []
  const memory = createEraMemory({ era: () => undefined, keepEra: (_, era) => void kept.push(era) }, 'up_1')
  memory.suspect('legacy')
  expect([memory.known, kept]).toEqual(['legacy', []])
  memory.learned('modern')
  memory.learned('modern')
  memory.suspect('legacy')
  expect([memory.known, kept]).toEqual(['modern', ['modern']])
})

test('a disk that refuses costs the memory and no start', () => {
  const memory = createEraMemory(
    {
      era: () => undefined,
      keepEra: () => {
        throw new Error('disk full')
      },
    },
    'up_1',
  )
  memory.learned('legacy')
  expect(memory.known).toBe('legacy')
})

test.each([
  [
    'a stack of Node',
    [
      'file:///srv/index.js:3',
      "throw new Error('no')",
      '      ^',
      '',
      'Error: HARBOR_KEY is not set',
      '    at file:///srv/index.js:3:7',
      '',
      'Node.js v24.1.0',
    ],
    'Error: HARBOR_KEY is not set',
  ],
  [
    'a stack of Python',
    ['Traceback (most recent call last):', '  File "/srv/app.py", line 3, in <module>', '    main()', "KeyError: 'HARBOR_KEY'"],
    "KeyError: 'HARBOR_KEY'",
  ],
  [
    'an npm that finds no package',
    [
      'npm error code E404',
      'npm error 404 Not Found - GET https://registry.example/harbor',
      'npm error A complete log of this run can be found in: /x',
    ],
    'npm error 404 Not Found - GET https://registry.example/harbor',
  ],
  ['a server that names no error', ['starting', 'Usage: harbor <folder>'], 'Usage: harbor <folder>'],
  ['nothing', [], ''],
])('the last words of %s are the line a person would look for', (_, lines, expected) => {
  const words = new LastWords()
  for (const line of lines) words.hear(line)
  expect(words.text).toBe(expected)
})
