import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/model/json.ts';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import type { UpdateSession } from '../../../src/repository/mutations.ts';
import { type OpenStore, say } from './store.ts';

export function describeUpdate(store: OpenStore): void {
  const update = (input: Omit<UpdateSession, 'sessionId'>) =>
    store.repository.update({ sessionId: 'a', ...input });

  describe('updating a session', () => {
    it('answers with the session as it now is', async () => {
      await store.create({ id: 'a', userId: 'ann', title: 'old', metadata: { kept: 1 } });
      const before = await store.find('a');
      const session = await update({ title: 'new', metadata: { added: [2] } });
      const metadata = { kept: 1, added: [2] };
      expect(session).toEqual({
        ...before,
        title: 'new',
        metadata,
        metadataBytes: JSON.stringify(metadata).length,
        updatedAt: expect.any(Date),
        version: 2,
      });
      expect(session.updatedAt.getTime()).toBeGreaterThanOrEqual(before.updatedAt.getTime());
      expect(await store.find('a')).toEqual(session);
    });

    it('leaves a title that is left out, and takes away one that is null', async () => {
      await store.create({ id: 'a', title: 'title' });
      expect((await update({ metadata: { a: 1 } })).title).toBe('title');
      expect((await update({ title: undefined })).title).toBe('title');
      expect((await update({ title: null })).title).toBeNull();
      expect((await update({ title: '' })).title).toBe('');
      expect((await store.find('a')).title).toBe('');
    });

    it('leaves an agent and a project that are left out, and takes away those that are null', async () => {
      await store.create({ id: 'a', agentName: 'planner', project: 'ours' });
      expect(await update({ title: 'new' })).toMatchObject({ agentName: 'planner', project: 'ours' });
      expect(await update({ agentName: 'coder', project: null })).toMatchObject({
        agentName: 'coder',
        project: null,
      });
    });

    it('sets a status, whose message goes with it unless a new one comes', async () => {
      await store.create({ id: 'a', status: 'RUNNING', statusMessage: 'reading' });
      const { statusChangedAt } = await store.find('a');
      const waiting = await update({ status: 'WAITING', statusMessage: 'which one?' });
      expect(waiting).toMatchObject({ status: 'WAITING', statusMessage: 'which one?' });
      expect(waiting.statusChangedAt).toEqual(waiting.updatedAt);
      expect(waiting.statusChangedAt.getTime()).toBeGreaterThanOrEqual(statusChangedAt.getTime());
      const same = {
        status: 'WAITING',
        statusMessage: 'which one?',
        statusChangedAt: waiting.statusChangedAt,
      };
      expect(await update({ title: 'new', status: null })).toMatchObject(same);
      expect(await update({ statusMessage: 'this one?' })).toMatchObject({
        ...same,
        statusMessage: 'this one?',
      });
      expect(await update({ status: 'WAITING' })).toMatchObject({ ...same, statusMessage: null });
      await update({ statusMessage: 'again' });
      expect(await update({ statusMessage: null })).toMatchObject({ ...same, statusMessage: null });
    });

    it('says what spawned the session beneath its present parent', async () => {
      await store.create({ id: 'root', messages: [say('spawn')] });
      await store.create({ id: 'a', parentId: 'root' });
      const spawnedBy = { messageId: 'root:0', toolCallId: 'c' };
      expect((await update({ spawnedBy })).spawnedBy).toEqual({ sessionId: 'root', ...spawnedBy });
      expect((await update({ title: 'kept' })).spawnedBy).toEqual({ sessionId: 'root', ...spawnedBy });
      await expect(update({ spawnedBy: { messageId: 'a:0' } })).rejects.toMatchObject({
        name: 'InvalidInputError',
      });
    });

    it('merges metadata: a null removes its key, an object is merged, all else replaces', async () => {
      await store.create({ id: 'a', metadata: { gone: 1, kept: { x: 1, y: 2 }, list: [1, 2], none: null } });
      await update({
        metadata: { gone: null, kept: { y: null, z: { deep: null } }, list: [3], absent: null },
      });
      expect((await store.find('a')).metadata).toEqual({ kept: { x: 1, z: {} }, list: [3], none: null });
      await update({ metadata: null });
      await update({ metadata: {} });
      expect((await store.find('a')).metadata).toEqual({ kept: { x: 1, z: {} }, list: [3], none: null });
    });

    it('sets whole values of metadata: an object replaces, a null stays, other keys are left', async () => {
      await store.create({
        id: 'a',
        metadata: { object: { x: 1, y: 2 }, list: [1], kept: { x: 1 }, gone: 1 },
      });
      const values = { object: { y: null, z: 3 }, list: null, fresh: { deep: null } };
      const session = await update({ setMetadata: values });
      const metadata = {
        object: { y: null, z: 3 },
        list: null,
        kept: { x: 1 },
        gone: 1,
        fresh: { deep: null },
      };
      expect(session.metadata).toEqual(metadata);
      expect(session.metadataBytes).toBe(JSON.stringify(metadata).length);
      await update({ setMetadata: null });
      await update({ setMetadata: {} });
      expect((await store.find('a')).metadata).toEqual(metadata);
    });

    it('merges a patch and sets whole values in one step', async () => {
      await store.create({ id: 'a', metadata: { merged: { x: 1 }, set: { x: 1 }, gone: 1 } });
      await update({ metadata: { merged: { y: 2 }, gone: null }, setMetadata: { set: { y: 2 } } });
      expect((await store.find('a')).metadata).toEqual({ merged: { x: 1, y: 2 }, set: { y: 2 } });
    });

    it('takes __proto__ as a key of metadata like any other', async () => {
      await store.create({ id: 'a', metadata: JSON.parse('{"__proto__":{"x":1},"kept":1}') });
      await update({ setMetadata: JSON.parse('{"__proto__":{"y":2}}') });
      expect(JSON.stringify((await store.find('a')).metadata)).toBe('{"__proto__":{"y":2},"kept":1}');
      await update({ metadata: JSON.parse('{"__proto__":{"z":3}}') });
      expect(JSON.stringify((await store.find('a')).metadata)).toBe('{"__proto__":{"y":2,"z":3},"kept":1}');
    });

    it('adds one to the version each time and leaves the time of activity', async () => {
      const createdAt = new Date('2020-01-01');
      await store.create({ id: 'a', createdAt });
      await update({ title: 'same' });
      await update({ title: 'same' });
      await update({});
      expect(await store.find('a')).toMatchObject({ version: 4, lastActiveAt: createdAt, createdAt });
    });

    it('changes no other session', async () => {
      await store.chain('parent');
      await store.create({ id: 'a', parentId: 'parent' });
      await store.create({ id: 'child', parentId: 'a' });
      const others = await store.repository.findMany(['parent', 'child']);
      await update({ title: 'new', metadata: { a: 1 } });
      expect(await store.repository.findMany(['parent', 'child'])).toEqual(others);
    });

    it('refuses metadata that is too large once merged', async () => {
      const half = 'x'.repeat(DEFAULT_LIMITS.metadataBytes / 2);
      await store.create({ id: 'a', metadata: { one: half } });
      const before = await store.find('a');
      await expect(update({ title: 'not this either', metadata: { two: half } })).rejects.toMatchObject({
        name: 'InvalidInputError',
        issues: [{ path: ['input', 'metadata'], message: expect.stringContaining('262144 bytes') }],
      });
      await expect(update({ setMetadata: { two: half } })).rejects.toMatchObject({
        name: 'InvalidInputError',
        issues: [
          { path: ['input', 'setMetadata'], message: expect.stringContaining('after merging, expected') },
        ],
      });
      expect(await store.find('a')).toEqual(before);
      await update({ metadata: { one: null, two: half } });
      expect(await store.metadataOf('a')).toEqual({ two: half });
      await update({ setMetadata: { two: '', one: half } });
      expect(await store.metadataOf('a')).toEqual({ two: '', one: half });
    });

    it('takes metadata that is exactly as large as it may be once merged', async () => {
      const room = DEFAULT_LIMITS.metadataBytes - JSON.stringify({ one: '', two: '' }).length - 1;
      await store.create({ id: 'a', metadata: { one: 'x' } });
      const session = await update({ metadata: { two: 'x'.repeat(room) } });
      expect(session.metadataBytes).toBe(DEFAULT_LIMITS.metadataBytes);
    });

    it('refuses metadata that is too deep once merged', async () => {
      let deep: JsonValue = 'bottom';
      for (let level = 1; level <= DEFAULT_LIMITS.metadataDepth; level += 1) deep = { deep };
      await store.create({ id: 'a', metadata: deep as JsonObject });
      const before = await store.find('a');
      await expect(update({ metadata: { deeper: deep } })).rejects.toMatchObject({
        name: 'InvalidInputError',
        issues: [{ path: ['input', 'metadata'], message: expect.stringContaining('32 levels') }],
      });
      expect(await store.find('a')).toEqual(before);
    });

    it('refuses a session that is not there', async () => {
      await expect(update({ title: 'new' })).rejects.toMatchObject({
        name: 'SessionNotFoundError',
        sessionId: 'a',
      });
      await store.create({ id: 'a' });
      await store.repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
      await expect(update({ title: 'new' })).rejects.toMatchObject({ name: 'SessionNotFoundError' });
    });

    it('guards against a version that has moved on', async () => {
      await store.create({ id: 'a' });
      await store.repository.append({ sessionId: 'a', messages: [say('hi')] });
      await expect(update({ title: 'new', expectedVersion: 1 })).rejects.toMatchObject({
        name: 'ConflictError',
        reason: 'VERSION',
        expectedVersion: 1,
        actualVersion: 2,
      });
      expect(await store.find('a')).toMatchObject({ title: null, version: 2 });
      expect(await update({ title: 'new', expectedVersion: 2 })).toMatchObject({ title: 'new', version: 3 });
    });
  });
}
