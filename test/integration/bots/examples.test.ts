/** The examples of the published guide, as they stand there: only the server's address and the key are put in. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'

const run = promisify(execFile)
const key = 'a-key-of-at-least-thirty-two-characters'
let bots: ServedBots

beforeEach(async () => {
  bots = await serveBots({ variables: { apiKey: key, databaseFile: null } })
})

afterEach(async () => {
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const here = (text: string): string => text.replaceAll('http://your-server:8000', bots.url).replaceAll('your_api_key_here', key)
const shell = async (text: string): Promise<unknown> =>
  JSON.parse((await run('sh', ['-c', here(text).replace('curl ', 'curl -s ')])).stdout)

const create = String.raw`curl -X POST http://your-server:8000/api/sessions \
  -H "Content-Type: application/json" \
  -H "X-API-Key: your_api_key_here" \
  -d '{
    "userId": "bot_1234567890",
    "phoneNumber": "1234567890"
  }'`
const list = 'curl http://your-server:8000/api/sessions'
const stop = String.raw`curl -X POST http://your-server:8000/api/sessions/bot_1234567890/stop \
  -H "X-API-Key: your_api_key_here"`
const remove = String.raw`curl -X DELETE http://your-server:8000/api/sessions/bot_1234567890 \
  -H "X-API-Key: your_api_key_here"`

test('cURL: create, list, stop, delete', async () => {
  expect(await shell(create)).toEqual({
    success: true,
    message: 'Session created. Use the pairing code to connect.',
    pairingCode: expect.stringMatching(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/),
    userId: 'bot_1234567890',
  })
  expect(await shell(list)).toEqual({
    success: true,
    count: 1,
    sessions: [{ userId: 'bot_1234567890', phoneNumber: '1234567890', status: 'offline', name: null }],
  })
  expect(await shell(stop)).toMatchObject({ success: true, message: 'Session bot_1234567890 stopped' })
  expect(await shell(remove)).toMatchObject({ success: true, message: 'Session bot_1234567890 deleted' })
})

test('JavaScript with axios', async () => {
  const example = `
const axios = require('axios');

async function createBot() {
  try {
    const response = await axios.post('http://your-server:8000/api/sessions', {
      userId: 'bot_1234567890',
      phoneNumber: '1234567890'
    }, {
      headers: {
        'Content-Type': 'application/json',
        'X-API-Key': 'your_api_key_here'
      }
    });

    console.log('Pairing Code:', response.data.pairingCode);
    console.log('Enter this code in WhatsApp');
  } catch (error) {
    console.error('Error:', error.response.data);
  }
}

createBot();
`
  const node = () => run(process.execPath, ['--input-type=commonjs', '-e', here(example)])
  expect((await node()).stdout).toMatch(/^Pairing Code: [A-Z0-9]{4}-[A-Z0-9]{4}\nEnter this code in WhatsApp\n$/)
  expect((await node()).stderr).toContain('Session already exists for this user. Delete it first or use a different userId.')
})

test('Python with requests', async () => {
  const example = `
import requests

def create_bot():
    url = 'http://your-server:8000/api/sessions'
    headers = {
        'Content-Type': 'application/json',
        'X-API-Key': 'your_api_key_here'
    }
    data = {
        'userId': 'bot_1234567890',
        'phoneNumber': '1234567890'
    }

    response = requests.post(url, json=data, headers=headers)
    result = response.json()

    if result['success']:
        print(f"Pairing Code: {result['pairingCode']}")
        print("Enter this code in WhatsApp")
    else:
        print(f"Error: {result['message']}")

create_bot()
`
  // Where the library is not installed, the one call of it that the example makes.
  const standIn = `
try:
    import requests
except ImportError:
    import json, sys, types, urllib.error, urllib.request
    def post(url, json, headers, dumps=json.dumps, loads=json.load):
        request = urllib.request.Request(url, data=dumps(json).encode(), headers=headers)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        body = loads(answer)
        return types.SimpleNamespace(json=lambda: body)
    sys.modules['requests'] = types.SimpleNamespace(post=post)
`
  const python = () => run('python3', ['-c', standIn + here(example)])
  expect((await python()).stdout).toMatch(/^Pairing Code: [A-Z0-9]{4}-[A-Z0-9]{4}\nEnter this code in WhatsApp\n$/)
  expect((await python()).stdout).toBe('Error: Session already exists for this user. Delete it first or use a different userId.\n')
})
