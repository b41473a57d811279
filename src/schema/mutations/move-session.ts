import { checkInput } from '../../model/input.ts';
import type { Moved } from '../../repository/mutations.ts';
import { builder } from '../builder.ts';
import { appear, sessionOrNull } from '../context.ts';
import {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { Session, SessionEdge } from '../session.ts';
import { childEdge } from '../tree.ts';
import { answer, memberOf, operation } from './answer.ts';
import { EDGE, EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';

const MoveSessionInput = builder.inputType('MoveSessionInput', {
  description: 'The session to move, and its new parent.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session to move. Its descendants move with it.', required: true }),
    parentId: t.id({
      description:
        'The new parent. The session comes after its other children. Give either `parentId` or `asRoot: true`.',
    }),
    asRoot: t.boolean({
      description: 'True, instead of a `parentId`: the session becomes the root of a tree of its own.',
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const MoveSessionPayload = builder.objectRef<Moved>('MoveSessionPayload').implement({
  description: 'The session was moved.',
  fields: (t) => ({
    session: t.field({
      description: 'The session after the move; in the answer to a retry, as it is now.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    formerParent: t.field({
      description:
        'The parent before the move, as it is now; null if the session was a root, or if that parent was deleted since.',
      type: Session,
      nullable: true,
      resolve: ({ formerParentId }, _args, context) => sessionOrNull(context, formerParentId),
    }),
    edge: t.field({
      description: EDGE,
      type: SessionEdge,
      nullable: true,
      resolve: ({ session }, _args, context) =>
        session.parentId === null ? null : childEdge(context, session.parentId, session),
    }),
  }),
});

const MoveSessionResult = builder.unionType('MoveSessionResult', {
  description: 'The answer of `moveSession`: the payload, or a typed error.',
  types: [
    MoveSessionPayload,
    SessionNotFoundError,
    InvalidInputError,
    ConflictError,
    StorageError,
    ForbiddenError,
  ],
  resolveType: memberOf('MoveSessionPayload'),
});

builder.mutationField('moveSession', (t) =>
  t.field({
    description:
      'Moves a session and its descendants under another parent, or makes it the root of a tree of its own. A session cannot be moved ' +
      'under itself or a descendant.',
    type: MoveSessionResult,
    args: {
      input: t.arg({
        description: 'The session to move, and its new parent.',
        type: MoveSessionInput,
        required: true,
      }),
    },
    resolve: (_root, { input }, context) =>
      answer(context, () => {
        // The rule has checked that exactly one of both is given: from here on, no parent means a root.
        const { operationId, asRoot: _, parentId = null, ...rest } = checkInput(context.rules.move, input);
        const move = { ...rest, parentId };
        return context.repository.move(move, operation(operationId, 'moveSession', move));
      }),
  }),
);
