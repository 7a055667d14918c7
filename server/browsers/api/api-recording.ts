/** Answers for recordings of what sessions show. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { handled, type Call, type Handlers } from '../../http/api.ts'
import type { recordingRoutes } from '../contract/recording.ts'
import { BrowserFault } from '../fault.ts'
import { attachment } from '../../http/file-names.ts'
import type { Avi } from '../recording/avi.ts'
import type { KeptRecording } from '../recording/kept-recording.ts'
import { actor, type ApiParts } from './parts.ts'

export function createRecordingHandlers({ service, recordings, settings }: ApiParts): Handlers<typeof recordingRoutes> {
  const reaches = ({ standing }: Call, { session, makers }: KeptRecording): boolean =>
    standing.reaches('browsers', { subject: session, makers })
  /** Of one that is somebody else's, as little is told as of one that is not there. */
  const found = (id: string, call: Call): KeptRecording => {
    const recording = recordings.get(id)
    if (!reaches(call, recording)) throw new BrowserFault('recording-not-found', 'No such recording')
    return recording
  }
  return {
    startRecording: async ({ params }, call) => {
      const session = service.get(params.id)
      session.touch()
      return { status: 201, body: recordings.view(await recordings.begin(session, actor(call))) }
    },
    stopRecording: async ({ params }, call) => {
      return { status: 200, body: recordings.view(await recordings.end(service.get(params.id), actor(call))) }
    },
    recordings: ({ query }, call) => {
      const mine = recordings.list().filter((one) => reaches(call, one) && (query.session === undefined || one.session === query.session))
      const mostBytes = settings.current().browsers.recordings.megabytes * 1_000_000
      return { status: 200, body: { recordings: mine.map((one) => recordings.view(one)), bytes: recordings.bytes, mostBytes } }
    },
    recording: async ({ params }, call) => {
      const recording = found(params.recording, call)
      return { status: 200, body: { recording: recordings.view(recording), ...(await recordings.times(recording.id)) } }
    },
    recordingFrames: async ({ params, query }, call) => ({
      status: 200,
      body: await recordings.records(found(params.recording, call).id, query.from, query.count),
      headers: { 'cache-control': 'no-store' },
    }),
    recordingVideo: ({ params }, call) => {
      const recording = found(params.recording, call)
      return sendVideo(recording, recordings.video(recording.id), call)
    },
    removeRecording: async ({ params }, call) => {
      await recordings.remove(found(params.recording, call).id)
      return { status: 204, body: null }
    },
  }
}

async function sendVideo({ username, profile, startedAt }: KeptRecording, film: Promise<Avi>, { node }: Call): Promise<typeof handled> {
  const video = await film
  const { response } = node
  const name = `${username || profile}-${startedAt.slice(0, 19).replaceAll(':', '-')}.avi`
  response.statusCode = 200
  response.setHeader('content-type', 'video/x-msvideo')
  response.setHeader('content-length', video.bytes)
  response.setHeader('content-disposition', attachment(name))
  response.setHeader('cache-control', 'no-store')
  // Whoever goes away before the end needs none of it.
  await pipeline(Readable.from(video.pieces()), response).catch(() => response.destroy())
  return handled
}
