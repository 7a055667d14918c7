/** Binds the browsers contract to its service. */
import { z } from 'zod'
import { implement, type Api } from '../../http/api.ts'
import { Grants } from '../clients/grants.ts'
import { browsersContract, sessionId } from '../contract/index.ts'
import { attachView } from '../view/live-view.ts'
import { createDebugHandlers } from './api-debug.ts'
import { createHandsHandlers } from './api-hands.ts'
import { createAsleepHandlers } from './api-asleep.ts'
import { createClientsHandlers, createClientsSockets } from './api-clients.ts'
import { createNativeHandlers } from './api-native.ts'
import { createOperationHandlers } from './api-operations.ts'
import { createPublishedHandlers } from './api-published.ts'
import { createOneShotHandlers } from './api-one-shots.ts'
import { createResourceHandlers } from './api-resource.ts'
import { createStateHandlers } from './api-state.ts'
import { createWallHandlers, createWallSocket } from './api-wall.ts'
import { createRecordingHandlers } from './api-recording.ts'
import { createRecorderHandlers, createRecorderSockets } from './api-recorder.ts'
import { createWorkshopHandlers } from './api-workshop.ts'
import { actor, type ApiParts } from './parts.ts'

export function createBrowsersApi(parts: ApiParts): Api {
  const { service, files, clock } = parts
  const clients = { service, clock, grants: new Grants(clock) }
  return implement(
    browsersContract,
    {
      ...createPublishedHandlers(parts),
      ...createNativeHandlers(parts),
      ...createHandsHandlers(parts),
      // Set up, one-shots, admission.
      ...createResourceHandlers(parts),
      ...createRecorderHandlers(parts),
      ...createWallHandlers(parts),
      ...createRecordingHandlers(parts),
      ...createOneShotHandlers(parts),
      ...createAsleepHandlers(parts),
      ...createStateHandlers(parts),
      ...createClientsHandlers(clients),
      ...createWorkshopHandlers(parts),
      ...createOperationHandlers(parts),
      ...createDebugHandlers(parts),
    },
    {
      ...createClientsSockets(clients),
      wall: createWallSocket(parts),
      view: (socket, { params }, call) => {
        const { id } = z.object({ id: sessionId }).parse(params)
        try {
          const session = service.get(id)
          const looking = { kind: 'view', name: actor(call), program: null, address: call.address, waits: () => false } as const
          const left = session.clients.join({ ...looking, end: () => socket.close(1_008, 'Ended') })
          socket.once('close', () => left('left'))
          attachView(socket, session, clock, actor(call))
        } catch {
          // 4404: the session has ended, in the range that WebSocket leaves to applications.
          socket.close(4_404, 'Session not found')
        }
      },
      ...createRecorderSockets(parts),
    },
    { makersOf: (id) => service.records.makersOf(id) ?? files.find(id)?.makers },
  )
}
