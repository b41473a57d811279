import { checkInput } from '../../model/input.ts';
import type { Session as SessionModel } from '../../model/session.ts';
import { builder } from '../builder.ts';
import { appear } from '../context.ts';
import { ConflictError, InvalidInputError, SessionNotFoundError, StorageError } from '../errors.ts';
import { Session } from '../session.ts';
import { answer, memberOf, operation } from './answer.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';

const MoveSessionInput = builder.inputType('MoveSessionInput', {
  description: 'What to move, and where to.',
  fields: (t) => ({
    id: t.id({ description: 'The session to move, with all beneath it.', required: true }),
    parentId: t.id({
      description:
        'Its new parent, behind whose children it takes its place. Null or left out: a tree of its own.',
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const MoveSessionPayload = builder
  .objectRef<{ readonly session: SessionModel }>('MoveSessionPayload')
  .implement({
    description: 'The session was moved.',
    fields: (t) => ({
      session: t.field({
        description: 'The session in its new place.',
        type: Session,
        resolve: ({ session }, _args, context) => appear(context, session),
      }),
    }),
  });

const MoveSessionResult = builder.unionType('MoveSessionResult', {
  description: 'What `moveSession` answers.',
  types: [MoveSessionPayload, SessionNotFoundError, InvalidInputError, ConflictError, StorageError],
  resolveType: memberOf('MoveSessionPayload'),
});

builder.mutationField('moveSession', (t) =>
  t.field({
    description:
      'Moves a session with all beneath it under another parent, or makes a tree of its own of it. Never under itself.',
    type: MoveSessionResult,
    args: {
      input: t.arg({ description: 'What to move, and where to.', type: MoveSessionInput, required: true }),
    },
    resolve: (_root, { input }, context) =>
      answer(context, async () => {
        const { operationId, ...move } = checkInput(context.rules.move, input);
        const { parentId = null } = move;
        const session = await context.repository.move(
          { ...move, parentId },
          operation(operationId, 'moveSession', { ...move, parentId }),
        );
        return { session };
      }),
  }),
);
